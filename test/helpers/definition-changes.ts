import { readdirSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { readWorkflow } from '../../schema/read.ts'
import type { Workflow } from '../../schema/workflow.ts'

const FOLDER = new URL('../fixtures/definition-changes/', import.meta.url)

/** One change of a definition, from a file of `test/fixtures/definition-changes`. */
export interface DefinitionChange {
  readonly name: string
  /** Texts of the definition. */
  readonly before: string
  readonly after: string
  /** `widening tools-changed review: tools +shell` for each change in order; `-` is the workflow as a whole. */
  readonly means: readonly string[]
}

/** Each case as it is written: an edit of `base.yaml` or of another base, or both texts. */
interface WrittenCase {
  readonly name: string
  /** Another file beside the cases. */
  readonly base?: string
  readonly edit?: string
  readonly before?: string
  readonly after?: string
  readonly means?: string
}

/** The text of a file beside the cases. */
export const fixtureText = (name: string) => readFileSync(new URL(name, FOLDER), 'utf8')

/** The definition that most cases edit. */
export const BASE = fixtureText('base.yaml')

/** All cases, in the order of the files. Fails when an edit does not fit. */
export const DEFINITION_CHANGES: readonly DefinitionChange[] = readdirSync(FOLDER)
  .filter((name) => name !== 'base.yaml' && name.endsWith('.yaml'))
  .sort()
  .flatMap((name) => (parse(fixtureText(name)) as WrittenCase[]).map(readCase))

function readCase({ name, base, edit, means = '', ...texts }: WrittenCase): DefinitionChange {
  const { before = base === undefined ? BASE : fixtureText(base), after = before } = texts
  const edited = edit === undefined ? after : applyEdit(after, edit, name)
  return { name, before, after: edited, means: means.split('\n').filter((line) => line !== '') }
}

/**
 * Applies an edit: lines that begin with `-` become the lines with `+` below them. Each group stands exactly once in the
 * text; how far it is indented there does not matter.
 */
function applyEdit(text: string, edit: string, name: string): string {
  const groups = edit.match(/(?:^-.*\n)+(?:^\+.*\n)*/gm) ?? []
  return groups
    .reduce((lines, group) => {
      const marked = group.trimEnd().split('\n')
      const old = marked.filter((line) => line.startsWith('-')).map((line) => line.slice(1))
      const places = lines.flatMap((_, place) => (stands(lines, place, old) ? [place] : []))
      const [place] = places
      if (place === undefined || places.length > 1)
        throw new Error(`${name}: stands ${places.length} times in the text:\n${old.join('\n')}`)
      const indent = indentOf(lines[place] ?? '').slice(indentOf(old[0] ?? '').length)
      const now = marked.filter((line) => line.startsWith('+')).map((line) => `${indent}${line.slice(1)}`)
      return lines.toSpliced(place, old.length, ...now)
    }, text.split('\n'))
    .join('\n')
}

function indentOf(line: string): string {
  return /^ */.exec(line)?.[0] ?? ''
}

function stands(lines: readonly string[], place: number, wanted: readonly string[]): boolean {
  const shift = indentOf(lines[place] ?? '').length - indentOf(wanted[0] ?? '').length
  return wanted.every((line, i) => shift >= 0 && lines[place + i] === `${' '.repeat(shift)}${line}`)
}

/** Whether a case is about a definition of Octomind. */
export const isToml = (text: string) => /^\w+ = |^\[\[/m.test(text)

/** Reads a definition that has to be valid. */
export function readDefinition(text: string): Workflow {
  const file = `.codemie/workflows/review.${isToml(text) ? 'toml' : 'yaml'}`
  const { workflow, diagnostics } = readWorkflow({ file, text })
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  if (workflow === undefined)
    throw new Error(errors.map(({ line, message }) => `${line}: ${message}`).join('\n'))
  return workflow
}
