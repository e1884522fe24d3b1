import fc from 'fast-check'
import { expect, it } from 'vitest'
import { yamlText } from '../../../../schema/convert/yaml-text.ts'
import { readYaml, type YamlNode } from '../../../../schema/yaml.ts'

function read(node: YamlNode): unknown {
  if (node.kind === 'map')
    return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, read(value)]))
  return node.kind === 'seq' ? node.items.map(read) : node.value
}

it('reads back as what was written', () => {
  const sign = fc.constantFrom(
    ...'ab \t\n\r"\'\\:#-{}[],&*!|>%@`?=~019.é🐢\u0085\u2028\ufeff\u0007',
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
