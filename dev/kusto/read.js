"use strict";
// Reads queries as Microsoft's own parser does: a JSON object of names and texts comes in, and out goes, for each name,
// what is wrong with it when it is bound to the tables of tables.json, and what it looks for.

const folder = `${__dirname}/node_modules/@kusto/language-service-next`;
require(`${folder}/bridge.min.js`);
require(`${folder}/Kusto.Language.Bridge.min.js`);
const { GlobalState, KustoCode, Symbols, Syntax } = Kusto.Language;

const described = Object.entries(require("./tables.json").tables);
const tables = described.map(([name, lines]) => Symbols.TableSymbol.From(`(${lines.join(", ")})`).WithName(name));
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor("workspace", tables));
const { SyntaxKind } = Syntax;

function read(text) {
  const code = KustoCode.ParseAndAnalyze(text, globals);
  const found = { faults: [], tables: [], facts: [], columns: [], texts: [], beginnings: [] };
  for (const fault of list(code.GetDiagnostics())) {
    const before = text.slice(0, fault.Start).split("\n");
    found.faults.push(`line ${before.length}, column ${before.at(-1).length + 1}: ${fault.Code} ${fault.Message}`);
  }
  Syntax.SyntaxElement.WalkNodes(code.Syntax, (node) => {
    switch (node.Kind) {
      case SyntaxKind.NameReference:
        if (node.ReferencedSymbol instanceof Symbols.TableSymbol) found.tables.push(node.SimpleName);
        break;
      case SyntaxKind.PathExpression: // Facts.run
        if (text_of(node.Expression) === "Facts") found.facts.push(text_of(node.Selector));
        break;
      case SyntaxKind.ElementExpression: // Facts["by"]
        if (text_of(node.Expression) === "Facts") found.facts.push(node.Selector.Expression.ConstantValue);
        break;
      case SyntaxKind.StringLiteralExpression:
        found.texts.push(node.ConstantValue);
        break;
      case SyntaxKind.StartsWithExpression:
        if (text_of(node.Left) === "Message") found.beginnings.push(node.Right.ConstantValue);
        break;
    }
  });
  if (code.ResultType instanceof Symbols.TableSymbol) found.columns = list(code.ResultType.Columns).map((one) => one.Name);
  return found;
}

function text_of(node) {
  return node.ToString(Syntax.IncludeTrivia.Interior);
}

function list(dotnet) {
  return Array.from({ length: dotnet.Count }, (_, i) => dotnet.getItem(i));
}

const queries = JSON.parse(require("fs").readFileSync(0, "utf8"));
const answer = Object.fromEntries(Object.entries(queries).map(([name, text]) => [name, read(text)]));
process.stdout.write(JSON.stringify(answer));
