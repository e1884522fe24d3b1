import { PLAIN_COMMAND, splitCommandLine } from './command-line.ts'
import { AGENT_KINDS } from './config-format.ts'
import type { Diagnostic } from './diagnostic.ts'
import { readText } from './lax.ts'
import { nearestName } from './nearest.ts'
import { pointerTo } from './shape.ts'
import { childOf, type YamlDocument, type YamlNode } from './yaml.ts'

const ANSWERS: readonly string[] = ['deny', 'allow']

/** What JSON Schema cannot say of `policy.agents`: keys that are command lines, and kinds of calls that there are. */
export function checkAgents(document: YamlDocument, agents: YamlNode | undefined): readonly Diagnostic[] {
  if (agents?.kind !== 'map') return []
  return [...agents.entries].flatMap(([name, { key, value }]): Diagnostic[] => {
    const path = pointerTo('/policy/agents', name)
    const split = splitCommandLine(name)
    const permissions = childOf(value, 'permissions')
    const word = readText(permissions)
    const kinds = permissions?.kind === 'map' ? [...permissions.entries] : []
    return [
      ...(split.ok
        ? []
        : [
            {
              ...document.at(key.start, key.end),
              code: 'agent-command',
              severity: 'error' as const,
              path,
              message: `'${name}' is not a plain command: ${split.problem}`,
              help: PLAIN_COMMAND,
            },
          ]),
      ...(permissions && word !== undefined && !ANSWERS.includes(word)
        ? [
            {
              ...document.at(permissions.start, permissions.end),
              code: 'unknown-value',
              severity: 'error' as const,
              path: `${path}/permissions`,
              message: `'${word}' is no answer to an agent that asks`,
              expected: 'deny, allow, or one of them for each kind of tool call',
            },
          ]
        : []),
      ...kinds
        .filter(([kind]) => !AGENT_KINDS.some((known) => known === kind))
        .map(([kind, entry]) => {
          const near = nearestName(kind, AGENT_KINDS)
          return {
            ...document.at(entry.key.start, entry.key.end),
            code: 'agent-permission',
            severity: 'error' as const,
            path: pointerTo(`${path}/permissions`, kind),
            message: `There is no kind of tool call '${kind}'`,
            expected: `one of ${AGENT_KINDS.join(', ')}`,
            ...(near === undefined ? {} : { didYouMean: near }),
          }
        }),
    ]
  })
}
