"""The two languages of CodeMie workflows as CPython and Jinja2 themselves run them.

Written from the behaviour notes (sections 2.6, 3 and 4.1), to compare ours with. Reads one JSON object per line,
{"fn": name, "input": {...}}, and answers each with one line: {"output": value}, {"error": class} or {"slow": true}.
Values are written as in the recordings of upstream: what JSON cannot carry is {"$py": type, ...}.

Exact with CPython 3.12 and Jinja2 3.1.6, which upstream uses. Older ones differ where Python or Jinja2 changed.
"""

import ast
import copy
import functools
import json
import math
import operator
import re
import resource
import signal
import sys
import unicodedata

import jinja2
import jinja2.sandbox

SECONDS = 2
MEMORY = 2 << 30
SAFE = 2**53 - 1
ADDRESS = re.compile(r"0x[0-9a-f]{8,16}(?=>|&gt;|%3E|\\u003e)", re.IGNORECASE)


class Refused(Exception):
    """Python that an expression may not contain."""


class Slow(BaseException):
    """The time for one case is over; no `except Exception` on the way may catch it."""


# Values as the recordings write them


def decode(value):
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("$py")
    if kind is None:
        return {key: decode(item) for key, item in value.items()}
    if kind in ("float", "int", "complex"):
        return {"float": float, "int": int, "complex": complex}[kind](value["repr"])
    if kind == "bytes":
        return ast.literal_eval(value["repr"])
    if kind in ("tuple", "set"):
        return {"tuple": tuple, "set": set}[kind](decode(item) for item in value["items"])
    if kind == "dict":
        return {decode(key): decode(item) for key, item in value["items"]}
    if kind == "str":
        return b"".join(unit.to_bytes(2, "little") for unit in value["utf16"]).decode("utf-16-le", "surrogatepass")
    raise ValueError(f"a value of type {kind} cannot be an input")


def decimal(value):
    """All digits of an integer; for a result's sake Python's limit does not count."""
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        return str(value)
    finally:
        sys.set_int_max_str_digits(limit)


def encode(value):
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        value = ADDRESS.sub("0x<address>", str(value))
        if not any("\ud800" <= char <= "\udfff" for char in value):
            return value
        raw = value.encode("utf-16-le", "surrogatepass")
        return {"$py": "str", "utf16": [int.from_bytes(raw[at : at + 2], "little") for at in range(0, len(raw), 2)]}
    if isinstance(value, int):
        return value if -SAFE <= value <= SAFE else {"$py": "int", "repr": decimal(value)}
    if isinstance(value, float):
        is_plain = math.isfinite(value) and value != int(value)
        return value if is_plain else {"$py": "float", "repr": repr(value)}
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, tuple):
        return {"$py": "tuple", "items": [encode(item) for item in value]}
    if isinstance(value, (set, frozenset)):
        return {"$py": "set", "items": [encode(item) for item in value]}
    if isinstance(value, (bytes, complex)):
        return {"$py": type(value).__name__, "repr": repr(value)}
    if isinstance(value, dict):
        if all(isinstance(key, str) for key in value):
            return {key: encode(item) for key, item in value.items()}
        return {"$py": "dict", "items": [[encode(key), encode(item)] for key, item in value.items()]}
    return {"$py": type(value).__name__}


# Expressions (section 3)


def compensated_sum(iterable, /, start=0):
    """`sum` as since Python 3.12: floats are added with Neumaier's compensation."""
    if sys.version_info >= (3, 12) or isinstance(start, (str, bytes)):
        return sum(iterable, start)
    total, carry = start, 0.0
    for item in iterable:
        if type(total) is float and type(item) is float:
            both = total + item
            carry += (total - both) + item if abs(total) >= abs(item) else (item - both) + total
            total = both
        elif type(total) is float and isinstance(item, int) and -(2**63) <= item < 2**63:
            total += float(item)
        else:
            total = (total + carry if carry and math.isfinite(carry) else total) + item
            carry = 0.0
    return total + carry if carry and math.isfinite(carry) else total


FUNCTIONS = {
    function.__name__: function
    for function in (len, min, max, sum, abs, str, int, float, bool, list, dict, set, tuple, any, all)
    + (isinstance, round, sorted, reversed, enumerate, zip, map, filter)
}
FUNCTIONS["sum"] = compensated_sum

UNARY = {ast.Not: operator.not_, ast.USub: operator.neg, ast.UAdd: operator.pos}
BINARY = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
COMPARE = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}


class Evaluator:
    """Walks a Python tree; a kind of node without a method here is refused."""

    def __init__(self, names):
        self.names = names

    def run(self, node):
        step = getattr(self, type(node).__name__, None)
        if step is None:
            raise Refused(type(node).__name__)
        return step(node)

    def Constant(self, node):
        return node.value

    def Name(self, node):
        if node.id in self.names:
            return self.names[node.id]
        if node.id in FUNCTIONS:
            return FUNCTIONS[node.id]
        raise Refused(node.id)

    def UnaryOp(self, node):
        if type(node.op) not in UNARY:
            raise Refused(type(node.op).__name__)
        return UNARY[type(node.op)](self.run(node.operand))

    def BinOp(self, node):
        if type(node.op) not in BINARY:
            raise Refused(type(node.op).__name__)
        left = self.run(node.left)
        return BINARY[type(node.op)](left, self.run(node.right))

    def BoolOp(self, node):
        for part in node.values:
            value = self.run(part)
            if bool(value) is isinstance(node.op, ast.Or):
                break
        return value

    def Compare(self, node):
        left = self.run(node.left)
        for op, part in zip(node.ops, node.comparators):
            right = self.run(part)
            if not COMPARE[type(op)](left, right):
                return False
            left = right
        return True

    def IfExp(self, node):
        return self.run(node.body if self.run(node.test) else node.orelse)

    def Attribute(self, node):
        if node.attr.startswith("_"):
            raise Refused(node.attr)
        return getattr(self.run(node.value), node.attr)

    def Subscript(self, node):
        value = self.run(node.value)
        return value[self.run(node.slice)]

    def Slice(self, node):
        return slice(*(part and self.run(part) for part in (node.lower, node.upper, node.step)))

    def List(self, node):
        return [self.run(item) for item in node.elts]

    def Tuple(self, node):
        return tuple(self.run(item) for item in node.elts)

    def Dict(self, node):
        if None in node.keys:
            raise Refused("**")
        return {self.run(key): self.run(value) for key, value in zip(node.keys, node.values)}

    def Call(self, node):
        if isinstance(node.func, ast.Name):
            if node.func.id not in FUNCTIONS:
                raise Refused(node.func.id)
            function = FUNCTIONS[node.func.id]
        elif isinstance(node.func, ast.Attribute):
            if node.func.attr.startswith("_"):
                raise Refused(node.func.attr)
            owner = self.run(node.func.value)
            if any(owner is function for function in FUNCTIONS.values()):
                raise Refused(node.func.attr)
            function = getattr(owner, node.func.attr)
        else:
            raise Refused("a call of a value")
        if any(isinstance(part, ast.Starred) for part in node.args) or any(part.arg is None for part in node.keywords):
            raise Refused("*")
        positional = [self.run(part) for part in node.args]
        return function(*positional, **{part.arg: self.run(part.value) for part in node.keywords})

    def JoinedStr(self, node):
        return "".join(self.run(part) for part in node.values)

    def FormattedValue(self, node):
        # Upstream reads past the conversion (10.18).
        value = self.run(node.value)
        return format(value, self.run(node.format_spec) if node.format_spec else "")


def safe_eval(expr, vars=None):
    return Evaluator(vars or {}).run(ast.parse(expr, mode="eval").body)


# Outputs and conditions (sections 2.6 and 3.2)

HIDING_PLACES = (r"```json(.*?)```", r"~~~json(.*?)~~~", r"(\{.*?\})")


def read_value(text):
    for reader in (ast.literal_eval, json.loads):
        try:
            return reader(text)
        except Exception:
            continue
    return None


def parse(text):
    if not isinstance(text, str):
        return text
    value = read_value(text)
    for pattern in HIDING_PLACES:
        if value is not None:
            break
        found = re.search(pattern, text, re.DOTALL)
        value = read_value(found[1].strip()) if found else None
    return text if value is None else value


def convert_value(value):
    if not isinstance(value, str):
        return value
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value


def condition(output, expression):
    fields = parse(output)
    try:
        names = {key: convert_value(value) for key, value in fields.items()}
        return bool(safe_eval(expression, names | {"keys": fields.keys()}))
    except Exception:
        return False


# Engine A (section 4.1)

MENTION = re.compile(r"\{\{-?\s*([^\W\d]\w*)")


compiled = functools.lru_cache(jinja2.Template)


def render_plainly(text, context):
    try:
        return compiled(text).render(context)
    except Exception:
        return text


def resolution_order(context):
    """The context's keys, each after the keys that it mentions; its own order when they mention each other in a circle."""
    mentioned = {
        key: {name for name in MENTION.findall(value) if name in context} if isinstance(value, str) else set()
        for key, value in context.items()
    }
    order = [key for key in context if not mentioned[key]]
    for done in order:
        for key in context:
            if done in mentioned[key]:
                mentioned[key].discard(done)
                if not mentioned[key]:
                    order.append(key)
    return order if len(order) == len(context) else list(context)


def render_args(args, context):
    if not context:
        return copy.deepcopy(args)
    if isinstance(context, list):
        context = {key: value for part in context if isinstance(part, dict) for key, value in part.items()}
    resolved = {}
    for key in resolution_order(context):
        value = context[key]
        resolved[key] = render_plainly(value, resolved) if isinstance(value, str) else value
    return {
        name: resolved[name]
        if resolved.get(name) is not None
        else render_plainly(value, resolved)
        if isinstance(value, str)
        else value
        for name, value in args.items()
    }


def render_dynamic(source, context):
    return render_args({"string_value": source}, context)["string_value"]


# Engine B (section 4.1)

FORBIDDEN = re.compile(
    r"__\w+?__|os\.|sys\.|subprocess|(?:open|eval|exec|compile|file|input|globals|locals|getattr|setattr|delattr)\s*\("
)
PRINT = re.compile(r"\{\{(.+?)\}\}", re.DOTALL)
TAG = re.compile(r"\{\{.+?\}\}|\{%.+?%\}", re.DOTALL)
RAW = re.compile(r"\{%[-+]?\s*(?:raw|endraw)\s*[-+]?%\}")
JSON_LIKE = re.compile(r"""(?:"[^"]*"|'[^']*')\s*:|\{[^}]*["']|\[[^\]|]*["']""")
WITH_BLANKS = re.compile(r" in | not | and | or | is |==|!=|>=|<=|[()]")

SECURE = jinja2.sandbox.SandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
del SECURE.filters["attr"], SECURE.tests["callable"]


def is_json_like(expression):
    return JSON_LIKE.match(expression.strip()) is not None


def is_tag(text):
    return not is_json_like(text[2:-2]) if text.startswith("{{") else RAW.fullmatch(text) is None


def check_secure(template):
    for tag in TAG.findall(template):
        if not (tag.startswith("{{") and is_json_like(tag[2:-2])) and FORBIDDEN.search(tag):
            raise Refused("a forbidden word")
    for inside in PRINT.findall(template):
        expression = inside.strip()
        if not expression or is_json_like(expression):
            continue
        if re.search(r"\s", expression) and not WITH_BLANKS.search(expression):
            raise Refused("blanks")
        first = re.split(r"[\s.|\[(]", expression)[0]
        if first and not re.match(r"""["'\d\[({]""", first) and not re.fullmatch(r"\w+", first):
            raise Refused("the start of a variable")


def render_secure(template, context):
    if not any(is_tag(tag) for tag in TAG.findall(template)):
        return template
    check_secure(template)
    kept = PRINT.sub(
        lambda found: f"{{% raw %}}{found[0]}{{% endraw %}}" if is_json_like(found[1]) else found[0], template
    )
    visible = {key: value for key, value in context.items() if re.fullmatch(r"\w+", key) and key[0] != "_"}
    return SECURE.from_string(kept).render(visible)


# Facts about single characters


def character(char):
    """What Python's text methods know of one character, and how its neighbours matter."""
    classes = (
        str.isalpha, str.isalnum, str.isdecimal, str.isdigit, str.isnumeric, str.isspace, str.isprintable,
        str.isidentifier, str.islower, str.isupper, str.istitle,
    )  # fmt: skip
    changes = (str.lower, str.upper, str.title, str.casefold, str.capitalize)
    return [
        [test(char) for test in classes],
        [change(char) for change in changes],
        ("a" + char).isidentifier(),
        # A sigma ends a word, and a letter starts one, by what stands beside it.
        [f"a{char}Σ".lower()[-1], f"Σ{char}a".lower()[0], f"a{char}b".title()[-1] == "B"],
    ]


def assigned(code):
    return unicodedata.category(chr(code)) != "Cn"


CALLS = {
    function.__name__: function
    for function in (safe_eval, condition, convert_value, parse, render_dynamic, render_args, render_secure)
}


def answer(fn, input):
    if fn == "versions":
        return {"output": f"Python {sys.version.split()[0]}, Jinja2 {jinja2.__version__}"}
    if fn == "characters":
        codes = [code for code in range(input["from"], input["to"]) if not 0xD800 <= code <= 0xDFFF and assigned(code)]
        return {"output": [[code, character(chr(code))] for code in codes]}
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        output = encode(CALLS[fn](**{name: decode(value) for name, value in input.items()}))
        # What cannot be written down is a failure like any other.
        return {"output": json.loads(json.dumps(output))}
    except Exception as error:
        return {"error": type(error).__name__}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def out_of_time(_signal, _frame):
    raise Slow


def main():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, out_of_time)
    for line in sys.stdin:
        try:
            reply = answer(**json.loads(line))
        except (Slow, MemoryError):
            reply = {"slow": True}
        print(json.dumps(reply), flush=False)


if __name__ == "__main__":
    main()
