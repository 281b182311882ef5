"""The contract htdocs/api/openapi.json for tests: which operation a request is, and whether an answer is as promised.

    contract = Contract()
    faults = contract.faults(method, path, request_body, reply)     # [] when all is well
    write(document, path)                                           # the one layout of the file
"""
import json
import os
import re

from gk_instance import ROOT

try:
    import jsonschema
except ImportError:
    jsonschema = None

PATH = os.path.join(ROOT, "htdocs", "api", "openapi.json")
WIDTH = 140
METHODS = ("get", "post", "put", "patch", "delete")


def layout(value, indent=0, used=0):
    """JSON with one space a level; what fits stays on one line, so that a change is a line of a diff."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or not value or indent + used + len(flat) <= WIDTH and indent > 1:
        return flat
    inner = " " * (indent + 1)
    if isinstance(value, dict):
        lines = []
        for key, member in value.items():
            head = json.dumps(key, ensure_ascii=False) + ": "
            lines.append(inner + head + layout(member, indent + 1, len(head) + 1))
        return "{\n" + ",\n".join(lines) + "\n" + " " * indent + "}"
    return "[\n" + ",\n".join(inner + layout(member, indent + 1, 1) for member in value) + "\n" + " " * indent + "]"


def write(document, path=PATH):
    with open(path, "w", encoding="utf-8") as file:
        file.write(layout(document) + "\n")


class Contract:
    def __init__(self, path=PATH):
        with open(path, encoding="utf-8") as file:
            self.text = file.read()
        self.document = json.loads(self.text)
        self.operations = {}
        for template, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    self.operations[item[method]["operationId"]] = (method.upper(), template, item[method])
        self.strict = self.closed()
        self.validators = {}

    # ---- finding ---------------------------------------------------------------------------------------
    def operation(self, method, path):
        """(operationId, template) of a request, as the router chooses: the template with the most literal segments."""
        best = None
        words = path.split("?")[0].split("/")
        for name, (its_method, template, _) in self.operations.items():
            parts = template.split("/")
            if its_method != ("GET" if method == "HEAD" else method) or len(parts) != len(words):
                continue
            if all(word and (part[0] == "{" or part == word) for part, word in list(zip(parts, words))[1:]):
                literal = sum(part[:1] != "{" for part in parts)
                if best is None or literal > best[0]:
                    best = (literal, name)
        return best[1] if best else None

    def resolve(self, node):
        """Follows a reference; members beside it (a description) stay."""
        if "$ref" not in node:
            return node
        target = self.document
        for word in node["$ref"][2:].split("/"):
            target = target[word]
        return {**target, **{key: value for key, value in node.items() if key != "$ref"}}

    def response(self, name, status):
        found = self.operations[name][2]["responses"].get(str(status))
        return self.resolve(found) if found is not None else None

    # ---- validating ------------------------------------------------------------------------------------
    def closed(self):
        """The component schemas for checking answers: nothing may be there that the contract does not tell. Readers of
        the contract must bear new members; the module's tests must not. A schema that others extend by allOf stays open."""
        schemas = json.loads(json.dumps(self.document["components"]["schemas"]))
        extended = set(re.findall(r'"allOf": \[\{"\$ref": "#/components/schemas/(\w+)"\}', json.dumps(schemas)))

        def close(node, inside):
            if isinstance(node, list):
                for member in node:
                    close(member, False)
                return
            if not isinstance(node, dict):
                return
            if not inside and ("allOf" in node or "properties" in node) and "additionalProperties" not in node:
                node["unevaluatedProperties"] = False
            for key, member in node.items():
                if key == "allOf":
                    for one in member:
                        close(one, True)
                elif key in ("properties", "$defs"):
                    for one in member.values():
                        close(one, False)
                elif key not in ("enum", "const", "examples", "default"):
                    close(member, False)

        for schema in schemas.values():
            close(schema, False)
        # An extended schema gets an open twin "NameOpen" that only allOf names.
        text = json.dumps(schemas)
        for name in extended:
            text = text.replace(f'"allOf": [{{"$ref": "#/components/schemas/{name}"}}',
                                f'"allOf": [{{"$ref": "#/components/schemas/{name}Open"}}')
        schemas = json.loads(text)
        for name in extended:
            twin = json.loads(json.dumps(schemas[name]))
            twin.pop("unevaluatedProperties", None)
            schemas[name + "Open"] = twin
        self.close = close
        return schemas

    def validator(self, schema, strict=True):
        key = (json.dumps(schema, sort_keys=True), strict)
        if key not in self.validators:
            whole = json.loads(json.dumps(schema))
            if strict:
                self.close(whole, False)
                text = json.dumps(whole)
                for name in self.strict:
                    if name.endswith("Open") and name[:-4] in self.strict:
                        text = text.replace(f'"allOf": [{{"$ref": "#/components/schemas/{name[:-4]}"}}',
                                            f'"allOf": [{{"$ref": "#/components/schemas/{name}"}}')
                whole = json.loads(text)
            whole["components"] = {"schemas": self.strict if strict else self.document["components"]["schemas"]}
            self.validators[key] = jsonschema.Draft202012Validator(
                whole, format_checker=jsonschema.draft202012_format_checker)
        return self.validators[key]

    def schema_faults(self, schema, value, strict=True):
        def told(error):
            found = [f"/{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"]
            for inner in sorted(error.context or [], key=lambda one: len(one.absolute_path))[-2:]:
                found.append(f"  /{'/'.join(map(str, inner.absolute_path))}: {inner.message[:200]}")
            return found
        return [line for error in self.validator(schema, strict).iter_errors(value) for line in told(error)]

    def faults(self, method, path, body, reply):
        """What is wrong with an exchange: of the request only when it was accepted."""
        name = self.operation(method, path)
        if name is None or method == "OPTIONS":
            return []
        promised = self.response(name, reply.status)
        if promised is None:
            return [f"{name}: {reply.status} is not in the contract: {reply.body[:200]!r}"]
        found = []
        for header, where in promised.get("headers", {}).items():
            value = reply.headers.get(header)
            if value is None:
                if header in ("ETag", "Location", "X-Request-Id", "Content-Disposition", "Retry-After"):
                    found.append(f"{header} is missing")
            else:
                schema = self.resolve(where)["schema"]
                found += [f"{header} {line}" for line in self.schema_faults(schema, int(value) if schema.get("type") == "integer" else value)]
        if method != "HEAD":
            found += self.content_faults(promised, reply)
        if reply.status >= 400 and reply.status not in (500, 503):
            slug = reply.json()["code"] if reply.body else None
            if slug is not None and f"`{slug}`" not in promised["description"]:
                found.append(f"`{slug}` is not told")
        if reply.status < 300 and isinstance(body, (dict, list)):
            content = self.operations[name][2].get("requestBody", {}).get("content", {}).get("application/json")
            found += ["request " + line for line in self.schema_faults(content["schema"], body, False)] if content else ["takes no body"]
        return [f"{name} {reply.status}: {line}" for line in found]

    def content_faults(self, promised, reply):
        content = promised.get("content")
        media_type = (reply.headers.get("Content-Type") or "").split(";")[0]
        if not content:
            return [f"a body that is not told: {reply.body[:100]!r}"] if reply.body else []
        told = content.get(media_type) or content.get("*/*")
        if told is None:
            return [f"Content-Type {media_type}"]
        return self.schema_faults(told["schema"], reply.json()) if media_type.endswith("json") else []
