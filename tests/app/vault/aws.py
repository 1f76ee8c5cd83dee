"""A double of AWS KMS: as much of it as Parley asks for. botocore itself checks the signatures."""

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from app.vault.master import LocalMaster, MasterRefused
from tests.app.vault.answering import answering

REGION = "eu-central-1"
ACCESS, SECRET = "AKIDTESTS", "wJalr/tests"
KEY = f"arn:aws:kms:{REGION}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER_KEY = KEY.replace("1234abcd", "ffffabcd")


@dataclass
class Kms:
    """Its state. `fault` is a code of AWS's that is answered in place of the truth."""

    address: str = ""
    fault: str | None = None

    def environ(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": ACCESS,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_ENDPOINT_URL_KMS": self.address,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/nowhere",
            "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
        }


@contextmanager
def aws_kms() -> Iterator[Kms]:
    kms = Kms()
    masters = {key: LocalMaster("double", key[-36:-4].encode()) for key in (KEY, OTHER_KEY)}

    def answer(path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        asked = json.loads(body)
        place = json.dumps(asked["EncryptionContext"])
        if kms.fault:
            return _fault(kms.fault)
        if not _signed(kms.address + path, headers, body):
            return _fault("InvalidSignatureException")
        if asked["KeyId"] not in masters:
            return _fault("NotFoundException")
        master = masters[asked["KeyId"]]
        if headers["X-Amz-Target"] == "TrentService.Encrypt":
            wrapped = master.wrap(base64.b64decode(asked["Plaintext"]), place)
            return 200, json.dumps({"CiphertextBlob": base64.b64encode(wrapped).decode()}).encode()
        assert headers["X-Amz-Target"] == "TrentService.Decrypt"
        blob = base64.b64decode(asked["CiphertextBlob"])
        try:
            clear = master.unwrap(blob, place)
        except MasterRefused:
            return _fault("InvalidCiphertextException")
        return 200, json.dumps({"Plaintext": base64.b64encode(clear).decode()}).encode()

    with answering(answer) as kms.address:
        yield kms


def _signed(url: str, headers: Mapping[str, str], body: bytes) -> bool:
    fields = dict(
        field.strip().split("=", 1) for field in headers["Authorization"].removeprefix("AWS4-HMAC-SHA256").split(",")
    )
    signed = {name: value for name, value in headers.items() if name.lower() in fields["SignedHeaders"].split(";")}
    request = AWSRequest("POST", url, headers=signed, data=body)
    request.context["timestamp"] = headers["X-Amz-Date"]
    auth = SigV4Auth(Credentials(ACCESS, SECRET), "kms", REGION)
    expected = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    return bool(fields["Signature"] == expected)


def _fault(code: str) -> tuple[int, bytes]:
    return 500 if code == "KMSInternalException" else 400, json.dumps({"__type": code, "message": "no"}).encode()
