import { compareDiagnostics, type Diagnostic } from './diagnostic.ts'
import { readText, readTexts } from './lax.ts'
import { childOf, readYaml } from './yaml.ts'

/** A skill: instructions that an agent loads when it needs them. */
export interface Skill {
  /** Name of its folder. */
  readonly id: string
  /** Default: the id. */
  readonly name: string
  /** When to use it; the model reads this. */
  readonly description: string
  /** Tools that it says it needs. Default: none. */
  readonly allowedTools: readonly string[]
  /** The text below the front matter. */
  readonly instructions: string
}

/** What was read. `skill` is there exactly when no diagnostic is an error. */
export interface SkillResult {
  readonly skill?: Skill
  readonly diagnostics: readonly Diagnostic[]
}

const FRONT_MATTER = /^\uFEFF?---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|$)/ms

/**
 * Reads `.codemie/skills/<id>/SKILL.md`: YAML between two lines of three hyphens, and Markdown below. Pure and total. A file
 * without front matter is all instructions. Source of the format: https://agentskills.io/specification
 */
export function readSkillFile({ file, text }: { readonly file: string; readonly text: string }): SkillResult {
  const [all = '', head = ''] = FRONT_MATTER.exec(text) ?? []
  const document = readYaml(file, head)
  // The YAML begins on the second line.
  const diagnostics = document.diagnostics
    .map((one) => ({ ...one, line: one.line + 1 }))
    .sort(compareDiagnostics)
  if (diagnostics.some(({ severity }) => severity === 'error')) return { diagnostics }
  const of = (key: string) => childOf(document.root, key)
  const id = /([^/]+)\/[^/]+$/.exec(file)?.[1] ?? file
  const tools = of('allowed-tools')
  return {
    skill: {
      id,
      name: readText(of('name')) ?? id,
      description: readText(of('description')) ?? '',
      allowedTools:
        readTexts(tools) ??
        readText(tools)
          ?.split(/[\s,]+/)
          .filter(Boolean) ??
        [],
      instructions: text.slice(all.length).trim(),
    },
    diagnostics,
  }
}
