// Records what `new URL()` makes of URIs, as the TypeScript MCP SDKs call it
// before they look a resource up:
//
//	node whatwg.mjs > whatwg.json
import { argv, stdout, version } from "node:process";

const schemes = ["file:", "http:", "https:", "ws:", "ftp:", "note:", "FILES:", "urn:"];
const starts = ["", "/", "//", "///", "////", "//h", "//h/", "//H/", "//localhost/", "//u@h/", "//h:80/", "//h:443/", "//h:080/", "//h:/", "//h./", "//1/", "//127.1/", "//0x7f.0.0.1/", "//1.2.3.4/", "//1.2.3.256/", "//[::1]/", "//[::0001]/", "//[1::2:3]/", "//[::ffff:1.2.3.4]/", "//./", "//../", "//C:/", "/C|/", "//xn--abc-/", "//xn--9ca/", "//%68/", "//é/", "\\\\h\\"];
const rests = ["", "a", "a/", "a//b", "a/b", "a/./b", "a/../b", "a/..", "../a", "..", ".", "a/%2e%2E/b", "a/.%2e", "a/%2E", "a%2Fb", "a%41", "a%zz", "a\\b", "a\\..\\b", "a b", "a ", "a\tb", "a\nb", " a", "é", "a|b", "a?b", "a?", "a?b/../c", "a?b c'", "a?'é", "a#b", "a#", "a#b c", "a{b}", "a^b`c", "a;b/..;/c", "a:b", "a@b", "a%00b", "C:/a/../../b", "a?b#c?d", "a%", "a\"<>"];
const uris = ["", "a", ":a", "1a:b", "a_b:c", "a+b-c.d:e", " note:a ", "\tnote:a", "no\nte:a", "note:\u0001a"];
for (const scheme of schemes) for (const start of starts) for (const rest of rests) uris.push(scheme + start + rest);

// A fixed choice of them keeps the file small.
const every = Number(argv[2] ?? 5);
const table = uris.filter((uri, i) => i < 10 || i % every === 0).map((uri) => {
  let url = null;
  try { url = new URL(uri).toString(); } catch { /* refused */ }
  return [uri, url];
});
stdout.write(JSON.stringify({ node: version, table }).replaceAll("],[", "],\n[") + "\n");
