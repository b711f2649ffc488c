/**
 * What the editor's tools do to the text of a text area: pure functions of the text and what is selected in it. Each
 * answers the piece that is replaced, by what, and what is selected then.
 */

/** @typedef {{from: number, to: number, text: string, start: number, end: number}} Edit */

/** Marks around the selection; taken away where they stand already. @returns {Edit} */
function around(value, from, to, mark, words) {
  const inside = value.slice(from, to);
  const before = value.slice(from - mark.length, from);
  if (inside && before === mark && value.slice(to, to + mark.length) === mark) {
    return { from: from - mark.length, to: to + mark.length, text: inside, start: from - mark.length, end: to - mark.length };
  }
  const text = inside || words;
  return { from, to, text: `${mark}${text}${mark}`, start: from + mark.length, end: from + mark.length + text.length };
}

/** Code: in a line between ticks, lines as a block of their own. */
function code(value, from, to) {
  const inside = value.slice(from, to);
  if (!inside.includes("\n")) return around(value, from, to, "`", "code");
  const fence = "`".repeat(Math.max(3, ...[...inside.matchAll(/`+/g)].map(([ticks]) => ticks.length + 1)));
  return block(value, from, to, `${fence}\n${inside.replace(/\n$/, "")}\n${fence}`);
}

/** A link to be filled in; what looks like an address becomes where it leads. */
function link(value, from, to) {
  const inside = value.slice(from, to);
  const isAddress = /^https?:\/\/\S+$/i.test(inside);
  const text = isAddress ? `[text](${inside})` : `[${inside || "text"}](https://)`;
  if (isAddress || !inside) return { from, to, text, start: from + 1, end: from + 5 };
  return { from, to, text, start: from + inside.length + 3, end: from + text.length - 1 };
}

/** Something that stands in lines of its own, apart from what is around it. */
function block(value, from, to, text, start = text.length, end = start) {
  const before = value.slice(0, from);
  const after = value.slice(to);
  const above = !before || before.endsWith("\n\n") ? "" : before.endsWith("\n") ? "\n" : "\n\n";
  const below = after.startsWith("\n\n") ? "" : after.startsWith("\n") || !after ? "\n" : "\n\n";
  return { from, to, text: `${above}${text}${below}`, start: from + above.length + start, end: from + above.length + end };
}

/** Each selected line gets its mark; where all have it, they lose it. @param {(index: number) => string} mark */
function lines(value, from, to, pattern, mark) {
  const start = value.lastIndexOf("\n", from - 1) + 1;
  const next = value.indexOf("\n", Math.max(to - 1, from));
  const end = next < 0 ? value.length : next;
  const all = value.slice(start, end).split("\n");
  const isMarked = all.every((line) => pattern.test(line) || !line) && all.some(Boolean);
  const bare = all.map((line) => line.replace(ANY_MARK, "$1"));
  const text = (isMarked ? bare : bare.map((line, index) => line.replace(/^(\s*)/, `$1${mark(index)}`))).join("\n");
  const isOne = all.length === 1;
  return { from: start, to: end, text, start: isOne ? start + text.length : start, end: start + text.length };
}

const ANY_MARK = /^(\s*)(?:[-*+] \[[ xX]\] |[-*+] |\d+[.)] |> )/;
const TABLE = "| What | Where | When |\n| --- | --- | --- |\n|  |  |  |";

/** @type {Record<string, (value: string, from: number, to: number) => Edit>} */
export const TOOLS = {
  bold: (...at) => around(...at, "**", "bold"),
  italic: (...at) => around(...at, "_", "italic"),
  code,
  link,
  quote: (...at) => lines(...at, /^\s*> /, () => "> "),
  list: (...at) => lines(...at, /^\s*[-*+] (?!\[[ xX]\] )/, () => "- "),
  numbered: (...at) => lines(...at, /^\s*\d+[.)] /, (index) => `${index + 1}. `),
  tasks: (...at) => lines(...at, /^\s*[-*+] \[[ xX]\] /, () => "- [ ] "),
  table: (value, from, to) => block(value, to, to, TABLE, 2, 6),
};

const ITEM = /^(?<indent>\s*)(?:(?<bullet>[-*+] )(?<box>\[[ xX]\] )?|(?<number>\d{1,6})(?<after>[.)] )|(?<quote>> ))(?<rest>.*)$/;

/** Enter at the end of an item of a list begins the next one; in an empty item it ends the list.
 * @returns {Edit | null} */
export function nextItem(value, at) {
  const start = value.lastIndexOf("\n", at - 1) + 1;
  const found = value.slice(start, at).match(ITEM);
  if (!found) return null;
  const { indent, bullet, box, number, after, quote, rest } = found.groups;
  if (!rest.trim()) return { from: start, to: at, text: "", start, end: start };
  const mark = number ? `${Number(number) + 1}${after}` : (quote ?? `${bullet}${box ? "[ ] " : ""}`);
  const text = `\n${indent}${mark}`;
  return { from: at, to: at, text, start: at + text.length, end: at + text.length };
}
