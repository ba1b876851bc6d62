/** What a source file says to people: its sentences, as the compiler sees them, with … for what is put in. */
import ts from "typescript";

const textOf = (node: ts.Node): string => {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node))
    return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join("");
  if (ts.isBinaryExpression(node)) return textOf(node.left) + textOf(node.right);
  return "…";
};

const isText = (node: ts.Node): boolean =>
  ts.isStringLiteralLike(node) ||
  ts.isTemplateExpression(node) ||
  (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken);

/** A sentence has words; a path, a regular expression and a shell's line have other signs. */
const isSentence = (text: string): boolean => (text.match(/\b[a-z']+ /g) ?? []).length >= 4;

export function sayings(text: string): readonly string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) return;
    if (isText(node) && isSentence(textOf(node))) found.push(textOf(node));
    else ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("file.ts", text, ts.ScriptTarget.Latest));
  return found;
}
