import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import {
  Budget,
  checkExpression,
  fromJson,
  type PyDict,
  PyError,
  parseLiteral,
  repr,
} from '../../../../schema/language/index.ts'
import { renderTemplate } from '../../../../schema/language/jinja/render.ts'
import { compileTemplate, DYNAMIC_ENGINE, SECURE_ENGINE } from '../../../../schema/language/jinja/template.ts'

const PYTHON = '/usr/bin/python3'
const TIME_LIMIT_MS = 60_000

/** Run a Python program that reads a JSON list of cases and prints a JSON list of outcomes. */
function python(program: string, input: unknown): unknown[] | undefined {
  const result = spawnSync(PYTHON, ['-W', 'ignore', '-c', program], {
    input: JSON.stringify(input),
    env: {},
    maxBuffer: 2 ** 28,
  })
  return result.status === 0 ? (JSON.parse(result.stdout.toString()) as unknown[]) : undefined
}

const hasPython = python('print("[]")', []) !== undefined
const hasJinja = python('import jinja2; print("[]")', []) !== undefined

/** A small seeded generator, so that a failure can be repeated. */
function generator(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 1103515245 + 12345) % 2 ** 31
    return Math.floor((state / 2 ** 31) * below)
  }
}

function mixtures(pieces: readonly string[], count: number, most: number, glue = ''): string[] {
  const below = generator(count + most)
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + below(most) }, () => pieces[below(pieces.length)] ?? '').join(glue),
  )
}

function differences(
  cases: readonly string[],
  theirs: readonly unknown[],
  mine: (text: string) => unknown,
): string[] {
  return cases.flatMap((text, index) => {
    const own = mine(text)
    return own === theirs[index]
      ? []
      : [`${JSON.stringify(text)}: ${JSON.stringify(own)}, Python ${JSON.stringify(theirs[index])}`]
  })
}

const LITERAL_PIECES = [
  ...'-+()[]{},: \n#.=*',
  '1',
  "'a'",
  '"b"',
  'None',
  'True',
  '1.5',
  '2j',
  '\\',
  'a',
  "b'x'",
  "f'{1}'",
  '...',
  '0x1',
  'set()',
]
const SYNTAX_PIECES =
  "a b 1 'x' ( ) [ ] { } , : . + - * ** // ^ ~ << < == != := = not and or in is if else lambda for await yield None ... f'{a}'".split(
    ' ',
  )
const TEMPLATE_PIECES = [
  'text',
  '{{ n }}',
  '{% if t %}',
  '{% if b -%}',
  '{% endif %}',
  '{%- endif -%}',
  '{% for i in l %}',
  '{% endfor %}',
  '{{ i }}',
  '{# c #}',
  '{#- c -#}',
  '\n',
  '  ',
  '\t',
  '{% else %}',
  '{% set x=1 %}',
  '{{ x }}',
  '{% raw %}',
  '{% endraw %}',
  '{%+ if t %}',
  '{%- set y = 2 -%}',
  ' {{- y -}} ',
  '}}',
  '{{',
  "{{ l|join('-') }}",
  '{{ s|upper|tojson }}',
  '{{ d.items()|list }}',
  '{{ missing.x }}',
]
const VARIABLES = { n: 7, t: true, b: false, l: [3, 1, 2], s: "it's <é>", d: { a: 1, b: { c: null } } }

describe('against CPython', () => {
  test.skipIf(!hasPython)(
    'literals (skipped without /usr/bin/python3)',
    () => {
      const cases = mixtures(LITERAL_PIECES, 3000, 6)
      const program = `
import ast, json, sys
def read(text):
    try: return repr(ast.literal_eval(text))
    except Exception: return None
print(json.dumps([read(text) for text in json.load(sys.stdin)]))`
      const mine = (text: string): string | null => {
        try {
          return repr(parseLiteral(text))
        } catch (error) {
          if (error instanceof PyError) return null
          throw error
        }
      }
      expect(differences(cases, python(program, cases) ?? [], mine)).toEqual([])
    },
    TIME_LIMIT_MS,
  )

  test.skipIf(!hasPython)(
    'which texts are expressions (skipped without /usr/bin/python3)',
    () => {
      const cases = mixtures(SYNTAX_PIECES, 8000, 8, ' ')
      const program = `
import ast, json, sys
def fits(text):
    try: ast.parse(text, mode='eval')
    except Exception: return False
    return True
print(json.dumps([fits(text) for text in json.load(sys.stdin)]))`
      const mine = (text: string): boolean =>
        !checkExpression(text).some((problem) => problem.severity === 'error')
      expect(differences(cases, python(program, cases) ?? [], mine)).toEqual([])
    },
    TIME_LIMIT_MS,
  )
})

describe('against Jinja2', () => {
  test.skipIf(!hasJinja).each([
    ['plain', DYNAMIC_ENGINE, 'jinja2.Environment()'],
    [
      'sandboxed and trimmed',
      SECURE_ENGINE,
      'jinja2.sandbox.SandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)',
    ],
  ] as const)(
    '%s templates (skipped without the Python package jinja2)',
    (_name, engine, environment) => {
      const cases = mixtures(TEMPLATE_PIECES, 4000, 8)
      const program = `
import json, sys, jinja2, jinja2.sandbox
cases, names = json.load(sys.stdin)
environment = ${environment}
def render(text):
    try: return environment.from_string(text).render(**names)
    except Exception: return None
print(json.dumps([render(text) for text in cases]))`
      const names = fromJson(VARIABLES) as PyDict
      const mine = (text: string): string | null => {
        try {
          return renderTemplate(compileTemplate(text, engine), names, new Budget())
        } catch (error) {
          if (error instanceof Error && error.name === 'TemplateError') return null
          throw error
        }
      }
      expect(differences(cases, python(program, [cases, VARIABLES]) ?? [], mine)).toEqual([])
    },
    TIME_LIMIT_MS,
  )
})
