"""The floor of language.mjs: CPython's `eval` of compiled code, and compiled templates of Jinja2. Same arguments but the first."""

import hashlib
import json
import sys

path, kind, times, how = sys.argv[1:]
with open(path, encoding="utf-8") as source:
    cases = json.load(source)
variables = cases["variables"]
is_anew = how == "anew"
turns = int(times)
digest = hashlib.sha256()

if kind == "expressions":
    texts = cases["expressions"]
    compiled = [] if is_anew else [compile(text, "<expression>", "eval") for text in texts]
    true_count = 0
    for turn in range(turns):
        place = turn % len(texts)
        if is_anew:
            code = compile(f"({texts[place]}) if {turn} >= 0 else None", "<expression>", "eval")
        else:
            code = compiled[place]
        value = eval(code, variables)
        if value:
            true_count += 1
        if turn >= turns - len(texts):
            digest.update(f"{value!r}\n".encode())
    digest.update(str(true_count).encode())
else:
    import jinja2

    texts = cases["templates"]
    environment = jinja2.Environment()
    compiled = [] if is_anew else [environment.from_string(text) for text in texts]
    for turn in range(turns):
        place = turn % len(texts)
        if is_anew:
            template = environment.from_string(f"{texts[place]}{{# {turn} #}}")
        else:
            template = compiled[place]
        digest.update(f"{template.render(variables)}\n".encode())
print(digest.hexdigest())
