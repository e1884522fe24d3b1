import { rootEntry } from '../dialects/codemie/envelope.ts'
import { coversName, EFFECTS, type EffectKind, isEffectKind, kindOfTool } from '../effects.ts'
import { readText, readTexts } from '../lax.ts'
import { pointerTo } from '../shape.ts'
import { childOf, entryOf, type YamlNode } from '../yaml.ts'
import type { Rule } from './rule.ts'

/** A tool that proposes what the file does not declare is refused each time. */
export const undeclaredEffects: Rule = (draft, say) => {
  const declared = rootEntry(draft.source, 'permissions')?.value
  const names = [
    ...draft.tools.map(({ node, path }) => ({ node: childOf(node, 'tool'), path: `${path}/tool` })),
    ...draft.assistants.flatMap(({ node, path }) => {
      const tools = childOf(node, 'tools')
      if (tools?.kind !== 'seq') return []
      return tools.items.map((tool, index) => ({
        node: childOf(tool, 'name'),
        path: `${path}/tools/${index}/name`,
      }))
    }),
  ]
  for (const { node, path } of names) {
    const tool = readText(node)
    const kind = tool === undefined ? undefined : kindOfTool(tool)
    if (!node || kind === undefined || entryOf(declared, kind)) continue
    say({
      code: 'effect-not-declared',
      severity: 'warning',
      at: node,
      path,
      message: `'${tool}' proposes to ${EFFECTS[kind].words}, which 'permissions' does not declare`,
      help: `Add ${exampleOf(kind)} to 'permissions'; without it the proposal is refused`,
    })
  }
}

const EXAMPLES: Readonly<Record<EffectKind, string>> = {
  comment: 'comment: 1',
  label: 'label: [triage/*]',
  issue: 'issue: 1',
  review: 'review: comment',
  status: 'status: codemie/*',
  branch: 'branch: codemie/*',
  'pull-request': 'pull-request: 1',
}

function exampleOf(kind: EffectKind): string {
  return `'${EXAMPLES[kind]}'`
}

/** Branches that are hardly ever meant. */
const USUAL_BRANCHES = ['main', 'master']

/** Limits of effects that let nothing through, or more than is ever meant. */
export const effectLimits: Rule = (draft, say) => {
  const entry = rootEntry(draft.source, 'permissions')
  if (entry?.value.kind !== 'map') return
  const { document, path, value } = entry
  const at = (node: YamlNode) => document.at(node.start, node.end)
  for (const [key, { value: limit }] of value.entries) {
    if (!isEffectKind(key) || EFFECTS[key].limit !== 'names') continue
    const text = readText(limit)
    const names = text === undefined ? readTexts(limit) : [text]
    const about = { at: at(limit), path: pointerTo(path, key) }
    if (names?.every((name) => name === '' || name.startsWith('!'))) {
      say({
        ...about,
        code: 'effect-limit',
        severity: 'error',
        message: `'${key}' names nothing that is allowed`,
        expected: `patterns, such as ${exampleOf(key)}`,
        help: `Name what it may write, or take '${key}' away`,
      })
    } else if (
      key === 'branch' &&
      names &&
      USUAL_BRANCHES.some((name) => coversName({ most: 1, names }, name))
    ) {
      say({
        ...about,
        code: 'effect-limit',
        severity: 'warning',
        message: "'branch' covers the branches that people work on",
        help: 'Give its branches a beginning of their own, such as codemie/*; the default branch is refused in any case',
      })
    }
  }
  const pullRequest = entryOf(value, 'pull-request')
  if (pullRequest && !entryOf(value, 'branch')) {
    say({
      code: 'effect-limit',
      severity: 'warning',
      at: at(pullRequest.key),
      path: pointerTo(path, 'pull-request'),
      message: "'pull-request' is declared, and 'branch' is not",
      help: "Pull requests come from branches that 'branch' covers: add 'branch: codemie/*'",
    })
  }
}
