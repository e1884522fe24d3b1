import type { YamlNode } from './yaml.ts'

// What pydantic takes for booleans outside strict mode.
const TRUE_WORDS = new Set(['true', 'yes', 'on', 't', 'y', '1'])
const FALSE_WORDS = new Set(['false', 'no', 'off', 'f', 'n', '0'])

/** A boolean as CodeMie's forgiving stage reads it: `"yes"`, `1` and `1.0` are true. `undefined`: it is none. */
export function readBoolean(node: YamlNode | undefined): boolean | undefined {
  if (node?.kind !== 'scalar') return undefined
  const value = node.value
  if (typeof value === 'boolean') return value
  if (value === 1 || value === 1n) return true
  if (value === 0 || value === 0n) return false
  if (typeof value !== 'string') return undefined
  const word = value.toLowerCase()
  if (TRUE_WORDS.has(word)) return true
  return FALSE_WORDS.has(word) ? false : undefined
}

/** A number as CodeMie's forgiving stage reads it: numeric text and booleans count. `undefined`: it is none. */
export function readNumber(node: YamlNode | undefined): number | undefined {
  if (node?.kind !== 'scalar') return undefined
  const value = node.value
  if (typeof value === 'number') return value
  if (typeof value === 'bigint' || typeof value === 'boolean') return Number(value)
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  return /^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$/.test(text) ? Number(text) : undefined
}

/** Text; nothing else is turned into text. */
export function readText(node: YamlNode | undefined): string | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined
}

/** The texts of a list; items that are no text are left out. `undefined`: it is no list. */
export function readTexts(node: YamlNode | undefined): readonly string[] | undefined {
  if (node?.kind !== 'seq') return undefined
  return node.items.map(readText).filter((text) => text !== undefined)
}
