import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CATALOGUE, explain, readYaml } from '../../../schema/index.ts'
import { readToml } from '../../../schema/toml.ts'

const SCHEMA = new URL('../../../schema/', import.meta.url)

/** Our sources that can report something, without the languages and the diff (their codes are of another kind) and generated code. */
function sources(folder: URL): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) {
      return ['language', 'generated', 'diff'].includes(entry.name)
        ? []
        : sources(new URL(`${entry.name}/`, folder))
    }
    const isSource = entry.name.endsWith('.ts') && entry.name !== 'catalogue.ts'
    return isSource ? [readFileSync(new URL(entry.name, folder), 'utf8')] : []
  })
}

/** Codes are written out where they are reported: `code: 'x'`, `code: a ? 'x' : 'y'`, or after the severity in a call. */
function codesIn(text: string): readonly string[] {
  const named = [...text.matchAll(/\bcode: ([^,\n]*)/g)].flatMap((match) => [
    ...(match[1] ?? '').matchAll(/'([a-z0-9]+(?:-[a-z0-9]+)*)'/g),
  ])
  const passed = [...text.matchAll(/(?:#report|say)\(\s*'(?:error|warning|info)',\s*'([a-z0-9-]+)'/g)]
  const referred = [...text.matchAll(/refer\(.*'(unknown-[a-z]+)'/g)]
  return [...named, ...passed, ...referred].map((match) => match[1] ?? '')
}

describe('the catalogue', () => {
  const ofTheRunner = ['needs.ts', 'refiners.ts', 'calls.ts', 'assistants.ts', 'policy/guardrails.ts'].map(
    (name) => readFileSync(new URL(`../runner/${name}`, SCHEMA), 'utf8'),
  )
  const emitted = new Set([...sources(SCHEMA), ...ofTheRunner].flatMap(codesIn))

  it('explains every code that can be reported, and no other', () => {
    expect(Object.keys(CATALOGUE).sort()).toEqual([...emitted].sort())
  })

  it('finds codes by name only', () => {
    expect(explain('unknown-state')?.title).toBe('A state that does not exist')
    expect(explain('toString')).toBeUndefined()
  })

  it.each(Object.entries(CATALOGUE))('%s is worded for readers', (_code, entry) => {
    expect(entry.why.endsWith('.')).toBe(true)
    expect(entry.fix.endsWith('.')).toBe(true)
    expect(entry.title.endsWith('.')).toBe(false)
    expect(entry.wrong === undefined).toBe(entry.right === undefined)
    if (entry.right === undefined) return
    const isToml = /^(?:\[\[|\w+ = )/.test(entry.right)
    const read = isToml ? readToml('right.toml', entry.right) : readYaml('right.yaml', entry.right)
    expect(read.diagnostics).toEqual([])
  })
})
