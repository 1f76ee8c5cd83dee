// oidc-provider, a certified implementation, with its own pages for signing in. It insists on PKCE. Prints its address.
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const REDIRECT = process.argv[2];
const server = createServer();
const pair = { alg: { name: "ECDSA", namedCurve: "P-256" }, kid: "curve" };
const made = await crypto.subtle.generateKey(pair.alg, true, ["sign", "verify"]);
const jwk = await crypto.subtle.exportKey("jwk", made.privateKey);
const client = (client_id, token_endpoint_auth_method, more) => ({
  client_id,
  redirect_uris: [REDIRECT],
  id_token_signed_response_alg: "ES256",
  token_endpoint_auth_method,
  ...more,
});

server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    jwks: { keys: [{ kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y, d: jwk.d, kid: pair.kid, alg: "ES256", use: "sig" }] },
    clients: [
      client("confidential", "client_secret_basic", { client_secret: "a secret: 100 % & more" }),
      client("public", "none"),
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    cookies: { keys: ["of these tests"] },
    pkce: { required: () => true },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: id !== "eve", name: "Ada Lovelace" }),
    }),
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
