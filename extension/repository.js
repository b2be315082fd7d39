/** Which addresses are a repository's, by their look alone: nothing is asked of the site. */

/** @typedef {"repository" | "folder" | "file" | "commit" | "pull" | "issue"} Part */
/** @typedef {{url: string, name: string, part: Part}} Target  `url` is what the server is asked for */

const HOSTS = /^(?:www\.)?(github\.com|gitlab\.com|bitbucket\.org|codeberg\.org)$/;
const NAME = /^[\w.+-]+$/;
const NOT_OWNERS = new Set((
  "about account apps blog careers collections contact customer-stories dashboard enterprise events explore features gist " +
  "groups help issues join login logout marketplace mobile new notifications orgs organizations pricing projects pulls readme " +
  "search security sessions settings signup site snippets solutions sponsors stars team topics trending user users watching -"
).split(" "));
/** @type {Record<string, Part>} */
const PARTS = {
  tree: "folder", blob: "file", raw: "file", blame: "file", src: "folder", commit: "commit", commits: "commit",
  pull: "pull", pulls: "pull", merge_requests: "pull", "pull-requests": "pull", issues: "issue", issue: "issue", releases: "folder",
};

/**
 * The repository that an address shows, or null. A forge's other pages (its settings, a list of issues) are pages.
 * @param {string} address
 * @returns {Target | null}
 */
export function targetOf(address) {
  let url;
  try { url = new URL(address); } catch { return null; }
  if (!/^https?:$/.test(url.protocol) || !HOSTS.test(url.hostname) || url.port) return null;
  const words = url.pathname.split("/").filter(Boolean);
  if (words.length < 2 || NOT_OWNERS.has(words[0].toLowerCase())) return null;
  const dash = words.indexOf("-");
  const nested = /gitlab/.test(url.hostname);
  const owner = nested ? words.slice(0, dash < 0 ? undefined : dash) : words.slice(0, 2);
  const rest = nested ? (dash < 0 ? [] : words.slice(dash + 1)) : words.slice(2);
  if (owner.length < 2 || !owner.every((word) => NAME.test(word))) return null;
  const part = rest.length ? PARTS[rest[0]] : "repository";
  const numbered = part === "pull" || part === "issue";
  if (!part || (part !== "repository" && rest.length < 2) || (numbered && !/^\d+$/.test(rest[1]))) return null;
  if (rest[0] === "releases" && rest[1] !== "tag") return null;
  url.search = "";
  url.username = url.password = "";
  if (!/^#(L|lines-)\d/.test(url.hash)) url.hash = "";
  return { url: url.href, name: owner.join("/").replace(/\.git$/, ""), part };
}
