/** Texts as they leave the tray: one well-formed document of many, and names for files. */

/** @typedef {{title: string, url: string, date: string, text: string}} Part */

const NOT_XML = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/**
 * All parts in their order, each in a frame that nothing in its text can end: well-formed XML, which models read well.
 * @param {Part[]} parts
 */
export function oneDocument(parts) {
  const framed = parts.map((part, place) =>
    `<document index="${place + 1}" title=${attribute(part.title)} url=${attribute(part.url)} date=${attribute(part.date)}>` +
    `<![CDATA[\n${cdata(withoutHead(part.text)).trim()}\n]]></document>\n`);
  return `<documents count="${parts.length}">\n${framed.join("")}</documents>\n`;
}

/** Without the provenance on top, which the frame states. @param {string} text */
export function withoutHead(text) {
  return text.replace(/^---\n(?:[^\n]*\n)*?---\n+/, "");
}

/** @param {string} text */
function cdata(text) {
  return lawful(text).replaceAll("]]>", "]]]]><![CDATA[>");
}

/** @param {string} text */
function attribute(text) {
  const signs = /** @type {Record<string, string>} */ ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": " ", "\t": " ", "\r": " " });
  return `"${lawful(text).replace(/[&<>"\n\t\r]/g, (sign) => signs[sign])}"`;
}

/** @param {string} text */
function lawful(text) {
  return text.replace(NOT_XML, "\ufffd");
}

/** A name for a download that no system stumbles on. @param {string} title @param {string} [ending] */
export function fileName(title, ending = "md") {
  const plain = title.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").normalize("NFC").toLowerCase();
  const stem = plain.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "").slice(0, 80).replace(/-+$/, "");
  return `${stem || "page"}.${ending}`;
}
