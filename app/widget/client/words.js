// What the panel says, in the visitor's language; languages are fetched when they are needed.

/**
 * Return the function that says things: `say("fileCount", { n: 4 })`.
 * A name that the language lacks is a fault of ours, held by a test; it shows as itself.
 */
export async function wordsIn(language) {
  const { default: words } = await import(`./words/${language}.js`);
  const say = (name, values = {}) => (words[name] ?? name).replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
  say.has = (name) => name in words;
  say.language = language;
  return say;
}
