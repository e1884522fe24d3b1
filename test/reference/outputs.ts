import type { Grammar } from './grammar.ts'

/** Texts as models and tools answer them: JSON, Python literals, both with small mistakes, in fences and in prose. */
export const OUTPUTS: Grammar = {
  output: {
    ends: [],
    forms: [
      ...['<value>', '<value>', '<blank><value><blank>', '<value>', '<record>', '<literal>'],
      'Here it is: <value>',
      '<prose><record><prose>',
      '<prose>```json<blank><value><blank>```<prose>',
      '<prose>```<blank><value><blank>```<prose>',
      '<prose>```JSON\n<value>\n```',
      '~~~json\n<value>\n~~~<prose>',
      '```json\n<value>',
      '```json x```<prose><record>',
      '<prose>```json\n<value>\n```<prose>```json\n<value>\n```',
      '<value> <value>',
      '<value>, <value>',
      '<record>\n<record>',
      '<broken>',
    ],
  },
  prose: { ends: ['', ' ', 'text ', '\n', 'The set is ', "it's {not} it ", 'a: b\n', '{', '} ', '`', '{}'] },
  blank: { ends: ['', '', ' ', '\n', '\t', '\n\n', '\r\n', '\u00a0', '\ufeff', '\f'] },
  value: {
    ends: ['{}', '[]', '""', "''", 'true', 'false', 'null', 'True', 'False', 'None', '0', '-1', 'NaN', '...', '()', 'set()', 'TRUE', 'none', 'Infinity', '-Infinity'],
    forms: ['<number>', '<text>', '<record>', '<record>', '<list>', '<literal>'],
  },
  number: {
    ends: ['1', '-7', '1.5', '1e3', '1E-7', '007', '0x1F', '1_000', '1.', '.5', '-0', '-0.0', '1e400', '12345678901234567890', '+5', '--1', '1+2j', '1-2', '2j', '1__0', '0o17', '0b2', '1e', '٣', '1 2', '1if', '1.5.2', '00', '0_0', '1_', '1j+2', '-2j-1', '~1', '+-+1', '3.4028235e38', '1e16', '123456789012345680000.0', '5e-324', '1.7976931348623157e309'],
  },
  text: {
    ends: ['"a"', "'a'", '"it\'s"', '"q\\"q"', '"\\n\\t\\u00e9"', "'\\x41'", '"é😀"', '"a" "b"', "'a' \"b\"", '"""x"""', "'''a\nb'''", '"a\nb"', "b'x'", "u'x'", "r'\\d'", "f'x'", "rb'\\d'", '"\\q"', '"\\N{BULLET}"', "'\\\n'", '"{{n}}"', '"10"', '"true"', '"1,2"', '"</x>"', "b'é'", "'\\0'", "'\\777'", "'\\u12'", '"\\ufb01"', "br''", "ur''", "bu''", "'a' b'b'"],
  },
  record: {
    ends: ['{"a": 1}', "{'a': 1}", '{"a": 1,}', "{'k': 'v', 'n': None}", '{"x": {"y": [1, {"z": null}]}}', '{1: 2}', '{1, 2}', '{a: 1}', '{"a" 1}', '{"a": 1, "a": 2}', '{1: 2, 1.0: 3, True: 4}', '{[1]: 2}', '{(1, 2): 3}', '{**{}}', '{"a": b}'],
    forms: ['{<text>: <value>}', '{<text>: <value>, <text>: <value>}', '{"a": <value>, "b": <value>}', '{<value>: <value>}', '{ "a" :\n<value> # note\n}', '{<value>, <value>}', '{"status": <text>, "items": <list>, "ok": <value>}'],
  },
  list: {
    ends: ['[1, 2]', '["a", "b"]', '[1,]', '[,]', '[1 2]', '(1,)', '(1)', '(1, 2)', '1, 2', '1,', '[[]]', '[1, # c\n2]', '[*[1]]', '(,)', '[1;2]'],
    forms: ['[<value>, <value>]', '[<value>]', '(<value>, <value>)', '[<value>, <value>,]', '[<record>, <record>]', '<value>, <value>', '[\n  <value>,\n  <value>\n]'],
  },
  literal: { ends: ['1 # c', ' 5', '5 ', '\\n', '(1)', '((1))', "('a' 'b')", '[1][0]', "'a'.x", '1 if 1 else 2', 'not True', 'x', 'a, b', '2024-01-01', '1+2', '1/2', 'v1.2', '# c', '1\n2', '1;', '1;2', ' 1\n 2', '(1\n)', '[1\n]', '\t1', '\n1', '1\\\n', 'None,', '...,', 'set([])', 'set(1)', 'list()', 'dict()', '__debug__', '\f1', '"a"\n"b"', '{}()', '-True', '-(1)', '-None', '(yield)', '*a', '1 .real', '1,\n2'] },
  broken: { ends: ['', ' ', '{', '}', '"', "'", '[', '\\', '{"a": [1, {"b": 2}', '{"a": "b}', '{{"a": 1}}', '{{}}', '{"a": 1}}', '}{', '{"a": \'x\'}', '{\'a\': "x", "b": true}', '{"a": undefined}', '{"a": 1} trailing', '\u0000', '1\u0000', '{"a": "\u0001"}', '\ud800', '"\u2028"'] },
}

/** Fields of outputs for {@link CONDITIONS}, many of them texts that are coerced. */
export const CONDITION_OUTPUTS: Grammar = {
  output: { ends: [], forms: ['{<field>, <field>, <field>, <field>}', '{<field>, <field>}', 'text {<field>} text', '```json\n{<field>, <field>}\n```', '<other>'] },
  other: { ends: ['[1]', 'text', '5', 'null', '{}', "{'a': 1, 'b': 'x'}", '{1: 2}', '{"a": "{[1]: 2}"}', '{"a": "{{}}", "b": 1}', '{"keys": 1, "a": 2}', '{"a-b": 1, "class": 2, "": 3}', '{"len": 3, "a": [1]}', '{"true": 1}', '{"ａ": 1}'] },
  field: { ends: [], forms: ['"<name>": <value>'] },
  name: { ends: ['a', 'b', 'n', 's', 'status', 'items', 'ok', 'd'] },
  value: { ends: ['1', '0', '-3', '2.5', '1.0', 'true', 'false', 'null', '"x"', '""', '"10"', '"2.50"', '"true"', '"FALSE"', '"None"', '"null"', '"[1, 2]"', '"1,2"', '" 5"', '"5 "', '"{\'k\': 1}"', '[]', '[1, 2, 3]', '["a", "b"]', '{"k": 1, "b": [1]}', '{}', '"success"', '"Hello ERROR"', '[{"k": 1}]', '1e3', '"1e3"', '"0x10"', '"007"', '"yes"', '"\\u00e9"', '"a b"', '"(1)"', '"2024-01-01"', '"1_000"', '"-5"', '"nan"', '12345678901234567890', '"tRuE"', '"\'q\'"', '"2j"'] },
}

/** Conditions on the fields of {@link CONDITION_OUTPUTS}. */
export const CONDITIONS: Grammar = {
  condition: {
    ends: ['ok', 'a', 'True', 'a == b', 'keys'],
    forms: ['<value> <order> <value>', '<value> <order> <value>', '<value>', 'not <value>', '<condition> and <condition>', '<condition> or <condition>', '(<condition>) <order> (<condition>)', '<value> in <value>', "'<name>' in keys", "'<name>' not in keys", '<value> is None', '<value> is not None', 'isinstance(<name>, <type>)', '<value> if <condition> else <value>', 'len(<name>) <order> <number>', "<name>.get('k') == 1", "<name>['k'] == 1", "'error' in <name>.lower()", '<name>.startswith(<value>)', '<name>[0] == <value>', 'any(<name>)', 'all(keys)', 'len(keys) <order> <number>', 'str(<value>) == <value>', 'int(<value>) > <number>', 'float(<value>) > <number>', '<value> % 2 == 0', "f'{<name>}' == '<name>'", 'sorted(<name>) == <name>', 'max(<value>, <value>) == <value>', '<number> < <name> < <number>', '<name> * 2 > 5', '<name> + <name> == <name>', '<name>.k', '<name>.<name>', '<name> = 1', '<name> && <name>', 'list(keys)[0] == <value>', 'sum(<name>) > 1', 'bool(<name>)', 'round(<name>) == <number>', '<name> == {<value>}', '<name>.split()[0]', "<name>.items()", 'abs(<name>) >= 1'],
  },
  name: { ends: ['a', 'b', 'n', 's', 'status', 'items', 'ok', 'd', 'missing', 'keys', 'len'] },
  value: { ends: ['a', 'b', 'n', 's', 'status', 'items', 'ok', 'd', '1', '10', '2.5', "'x'", "'10'", "'success'", "''", 'None', 'True', 'False', '[1, 2]', '(1, 2)', '[]', "'true'", 'null', 'true', "{'k': 1}"] },
  number: { ends: ['0', '1', '2', '5', '10', '-1', '2.5'] },
  order: { ends: ['==', '!=', '<', '>', '<=', '>='] },
  type: { ends: ['int', 'str', 'bool', 'float', 'list', 'dict', 'tuple', '(int, float)'] },
}
