import type { Diagnostic, Located } from '../../diagnostic.ts'
import { canMatch } from '../../pattern/lint.ts'
import { compileRustPattern, type RustPattern } from '../../pattern.ts'
import type { Finding, Say } from '../../rules/rule.ts'
import type { YamlDocument, YamlNode } from '../../yaml.ts'

/** A document that was read into a draft. */
export interface Drafted {
  readonly document: YamlDocument
  readonly root: YamlNode
}

/** Looks at one relation between keys of a draft. Never throws, whatever the draft holds. */
export type DraftRule<D extends Drafted> = (draft: D, say: Say) => void

/** Runs rules over a draft and gives their findings as diagnostics, in the order found. */
export function runDraftRules<D extends Drafted>(
  rules: readonly DraftRule<D>[],
  draft: D,
): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  const { document } = draft
  const say = ({ at, ...finding }: Finding) => {
    const position = 'line' in at ? at : document.at(at.start, firstLineEnd(document.text, at))
    const words = Object.fromEntries(Object.entries(finding).filter(([, value]) => value !== undefined))
    diagnostics.push({ ...position, ...words } as Diagnostic)
  }
  for (const rule of rules) rule(draft, say)
  return diagnostics
}

function firstLineEnd(text: string, { start, end }: YamlNode): number {
  const line = text.indexOf('\n', start)
  return line < 0 ? end : Math.min(end, line)
}

/**
 * Reports a name that is empty, or that another has already.
 *
 * @param first who has a name first; the name is added.
 */
export function checkName(
  name: Located<string>,
  noun: string,
  first: Map<string, Located<string>>,
  path: string,
  say: Say,
  help = 'Give one of them another name',
): void {
  const whole = { severity: 'error', at: name.at, path } as const
  if (name.value.trim() === '')
    say({
      ...whole,
      code: 'out-of-range',
      message: "'name' is empty",
      expected: 'text that is not empty',
    })
  const other = first.get(name.value)
  if (other) {
    say({
      ...whole,
      code: 'duplicate-id',
      message: `Another ${noun} is called '${name.value}' too`,
      found: `the first one in line ${other.at.line}`,
      help,
    })
  } else first.set(name.value, name)
}

/** Reports a pattern that does not compile, at the place inside of it, and one with a trap that upstream's manual warns of. */
export function checkPattern(
  { document }: Drafted,
  pattern:
    | { readonly value: string; readonly at: { readonly line: number; readonly column: number } }
    | undefined,
  node: YamlNode | undefined,
  path: string,
  say: Say,
): void {
  if (!pattern || node?.kind !== 'scalar') return
  const compiled = compileRustPattern(pattern.value)
  if (compiled.ok) {
    checkSense(compiled.pattern, node, path, say)
    return
  }
  const offset = document.offsetIn?.(node, compiled.offset ?? 0) ?? node.start
  say({
    code: 'pattern-syntax',
    severity: 'error',
    at: document.at(offset, document.offsetIn?.(node, pattern.value.length) ?? node.end),
    path,
    message: `The pattern ${compiled.problem}`,
    help:
      compiled.help ??
      "Patterns are those of Rust's regex, which match in linear time: no look-around and no back-references",
  })
}

/** What a pattern can hardly be meant to do. */
function checkSense({ source, node }: RustPattern, at: YamlNode, path: string, say: Say): void {
  const whole = { severity: 'warning', at, path } as const
  if (!canMatch(node)) {
    say({
      ...whole,
      code: 'pattern-never-matches',
      message: 'No text can match this pattern',
      help: "'^' stands at the beginning of what is looked for, and '$' at its end",
    })
    return
  }
  if (!/^\p{L}+$/u.test(source)) return
  say({
    ...whole,
    code: 'pattern-too-loose',
    message: `'${source}' is looked for anywhere, so a text with IN${source.toUpperCase()} or NOT ${source.toUpperCase()} matches, too`,
    help: `Tie it to the beginning of a line: (?m)^${source}\\b`,
  })
}
