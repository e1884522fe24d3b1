import type { Diagnostic, Position, Severity } from '../diagnostic.ts'
import type { Draft } from '../dialects/codemie/draft.ts'
import type { YamlNode } from '../yaml.ts'

/** What a rule has to say. `path` is a JSON pointer; the state concerned is derived from it. */
export interface Finding {
  readonly code: string
  readonly severity: Severity
  /** Where: a place, or a value of the document. */
  readonly at: Position | YamlNode
  readonly path: string
  readonly message: string
  readonly expected?: string | undefined
  readonly found?: string | undefined
  readonly didYouMean?: string | undefined
  readonly help?: string | undefined
}

export type Say = (finding: Finding) => void

/** Looks at one relation between keys of a draft and says what does not fit. Never throws, whatever the draft holds. */
export type Rule = (draft: Draft, say: Say) => void

/** Runs rules over a draft and gives their findings as diagnostics, in the order found. */
export function runRules(rules: readonly Rule[], draft: Draft): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  const prefix = `${draft.path}/states/`
  const say: Say = ({ at, ...finding }) => {
    const position = 'line' in at ? at : draft.document.at(at.start, firstLineEnd(draft.document.text, at))
    const index = finding.path.startsWith(prefix)
      ? Number.parseInt(finding.path.slice(prefix.length), 10)
      : Number.NaN
    const stateId = draft.states[index]?.id?.value
    const words: Record<string, unknown> = { ...position }
    for (const [key, value] of Object.entries(finding)) if (value !== undefined) words[key] = value
    if (stateId !== undefined) words.stateId = stateId
    diagnostics.push(words as unknown as Diagnostic)
  }
  for (const rule of rules) rule(draft, say)
  return diagnostics
}

function firstLineEnd(text: string, node: YamlNode): number {
  const line = text.indexOf('\n', node.start)
  return line < 0 ? node.end : Math.min(node.end, line)
}
