import fc from 'fast-check'
import { expect, it } from 'vitest'
import { convertWorkflow } from '../../../../schema/convert/convert.ts'
import { yamlText } from '../../../../schema/convert/yaml-text.ts'
import { readWorkflow } from '../../../../schema/read.ts'
import type { Workflow } from '../../../../schema/workflow.ts'
import { readYaml, type YamlNode } from '../../../../schema/yaml.ts'

function read(node: YamlNode): unknown {
  if (node.kind === 'map')
    return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, read(value)]))
  return node.kind === 'seq' ? node.items.map(read) : node.value
}

it('reads back as what was written', () => {
  const sign = fc.constantFrom(
    ...'ab \t\n\r"\'\\:#-{}[],&*!|>%@`?=~019.é🐢\u0085\u2028\u202e\ufeff\u0007',
    '\ud800',
    'yes',
    'null',
    '1e3',
    '\n\n',
    '---',
  )
  const text = fc.array(sign, { maxLength: 8 }).map((signs) => signs.join(''))
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      text,
      fc.boolean(),
      fc.integer(),
      fc.array(tie('value'), { minLength: 1, maxLength: 3 }),
      fc.dictionary(text, tie('value'), { minKeys: 1, maxKeys: 3 }),
    ),
  }))
  fc.assert(
    fc.property(value, (one) => {
      const written = yamlText({ root: one as never })
      const { root, diagnostics } = readYaml('w.yaml', written)
      expect(diagnostics).toEqual([])
      expect(JSON.stringify(root && read(root), (_, v) => (typeof v === 'bigint' ? Number(v) : v))).toBe(
        JSON.stringify({ root: one }),
      )
    }),
    { numRuns: 1000 },
  )
})

it('shows no sign that a terminal obeys, and lets none begin a line of its own', () => {
  const { workflow } = readWorkflow({
    file: 'w.toml',
    text: '[[workflows]]\nname = "a\\nb: c\\u202E"\ndescription = "d\\u001b[2J\\n\\u202E"\nsteps = [{ name = "s", type = "once", layer = "l" }]\n[[layers]]\nname = "l"\ndescription = "d"\nsystem_prompt = "P"\ninput_mode = "last"\noutput_mode = "none"\noutput_role = "user"\n',
  })
  const { text } = convertWorkflow(workflow as Workflow)
  expect(text.split('\n').slice(0, 3)).toEqual([
    '# Made of a?b: c? in w.toml by codemie-ci convert.',
    'name: "a\\nb: c\\u202e"',
    'description: "d\\u001b[2J\\n\\u202e"',
  ])
})
