// Shows /openapi.json as a page. Texts are set as texts, never as markup.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== undefined && child !== null));
  return made;
}

function resolve(api, value) {
  const path = value?.$ref;
  if (typeof path !== "string" || !path.startsWith("#/")) return value;
  const names = path.slice(2).split("/").map((name) => name.replace(/~1/g, "/").replace(/~0/g, "~"));
  return names.reduce((found, name) => found?.[name], api);
}

// A schema in few words, or as a sketch of the JSON that it describes.
function sketch(api, given, depth = 0) {
  const schema = resolve(api, given);
  if (!schema || depth > 6) return "…";
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  const choice = schema.oneOf ?? schema.anyOf;
  if (choice) return choice.map((one) => sketch(api, one, depth + 1)).join(" | ");
  if (schema.allOf) return schema.allOf.map((one) => sketch(api, one, depth + 1)).join(" & ");
  const types = [schema.type].flat().filter(Boolean);
  if (schema.properties) return fields(api, schema, depth) + (types.includes("null") ? " | null" : "");
  if (types.includes("array")) return `[${sketch(api, schema.items, depth + 1)}, …]`;
  return (types.join(" | ") || "any") + limits(schema);
}

function fields(api, schema, depth) {
  const indent = "  ".repeat(depth + 1);
  const lines = Object.entries(schema.properties).map(([name, field]) => {
    const optional = (schema.required ?? []).includes(name) ? "" : "?";
    return `${indent}"${name}"${optional}: ${sketch(api, field, depth + 1)}`;
  });
  return `{\n${lines.join(",\n")}\n${"  ".repeat(depth)}}`;
}

function limits(schema) {
  const known = ["format", "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "default"];
  const given = known.filter((name) => schema[name] !== undefined && schema[name] !== null);
  return given.length ? ` (${given.map((name) => `${name} ${schema[name]}`).join(", ")})` : "";
}

function parameters(api, operation) {
  const rows = (operation.parameters ?? []).map((given) => {
    const one = resolve(api, given);
    const name = element("code", {}, one.name);
    const kind = one.in + (one.required ? ", required" : "");
    return element("tr", {}, element("td", {}, name), element("td", {}, kind), element("td", {}, sketch(api, one.schema)), element("td", {}, one.description ?? ""));
  });
  return rows.length ? [element("h4", {}, "Parameters"), element("table", {}, ...rows)] : [];
}

function content(api, holder) {
  return Object.entries(holder?.content ?? {}).map(([type, media]) => {
    const shown = media.schema ? sketch(api, media.schema) : "";
    return element("div", {}, element("code", {}, type), element("pre", {}, shown));
  });
}

function responses(api, operation) {
  const rows = Object.entries(operation.responses ?? {}).map(([status, given]) => {
    const one = resolve(api, given);
    const isProblem = one.content?.["application/problem+json"];
    const headers = Object.keys(one.headers ?? {}).join(", ");
    const more = isProblem ? [] : content(api, one);
    const named = headers ? element("div", {}, "Headers: ", element("code", {}, headers)) : null;
    return element("tr", {}, element("td", {}, element("code", {}, status)), element("td", {}, one.description ?? "", named, ...more));
  });
  return [element("h4", {}, "Answers"), element("table", {}, ...rows)];
}

function operation(api, path, method, described) {
  const who = described.security?.length ? "signed in" : "";
  const head = element("summary", {}, element("span", { class: "method" }, method), element("code", {}, path), element("p", {}, described.summary ?? ""), element("span", { class: "who" }, who));
  const body = resolve(api, described.requestBody);
  const asked = body ? [element("h4", {}, "Body"), ...content(api, body)] : [];
  const about = described.description ? element("p", {}, described.description) : null;
  const shown = element("details", {}, head, about, ...parameters(api, described), ...asked, ...responses(api, described));
  shown.dataset.words = [method, path, described.summary, described.operationId, ...(described.tags ?? [])].join(" ").toLowerCase();
  return shown;
}

function show(api) {
  const tags = new Map();
  for (const [path, item] of Object.entries(api.paths ?? {})) {
    for (const method of METHODS.filter((name) => item[name])) {
      const tag = item[method].tags?.[0] ?? "other";
      if (!tags.has(tag)) tags.set(tag, []);
      tags.get(tag).push(operation(api, path, method, item[method]));
    }
  }
  const sections = [...tags].sort(([a], [b]) => a.localeCompare(b)).map(([tag, operations]) => element("section", {}, element("h2", {}, tag), ...operations));
  document.getElementById("title").textContent = `${api.info.title} ${api.info.version}`;
  document.getElementById("about").textContent = api.info.description ?? "";
  document.getElementById("reference").replaceChildren(...sections);
}

function find(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  for (const section of document.querySelectorAll("section")) {
    const operations = [...section.querySelectorAll("details")];
    for (const one of operations) one.hidden = !words.every((word) => one.dataset.words.includes(word));
    section.hidden = operations.every((one) => one.hidden);
  }
}

async function start() {
  document.getElementById("find").addEventListener("input", (event) => find(event.target.value));
  try {
    const response = await fetch("/openapi.json");
    if (!response.ok) throw new Error(`the server answers ${response.status}`);
    show(await response.json());
  } catch (error) {
    document.getElementById("reference").textContent = `The description can't be read: ${error.message}`;
  }
}

start();
