import type { LayerWork, State } from '../workflow.ts'
import { textLiteral } from './expressions.ts'

/** One message of the session that layers share, as it is known before any run. */
export interface Said {
  readonly role: 'user' | 'assistant'
  /** Expression for what was said. */
  readonly text: string
}

/** What a layer is told beside the text, as the template of its task. Words are those of Octomind. */
export function viewOf(sees: LayerWork['sees'], session: readonly Said[], text: string): string {
  const shown = `{{ ${text} }}`
  switch (sees) {
    case 'last': {
      const answer = session.findLast(({ role }) => role === 'assistant')
      return answer ? `Previous response:\n${put(answer)}\n\nCurrent input:\n${shown}` : shown
    }
    case 'all': {
      if (session.length === 0) return shown
      const said = session.map((one) => `${one.role === 'user' ? '[User]' : '[Assistant]'}\n${put(one)}`)
      return `${said.join('\n\n')}\n\n[Current task]\n${shown}`
    }
    case 'summary': {
      const answers = session.filter(({ role }) => role === 'assistant').map((one) => one.text)
      const all = answers.join(" ~ '\\n\\n' ~ ")
      const isFixed = answers.every((one) => one === EMPTY)
      const context = isFixed
        ? '\n\n'.repeat(Math.max(answers.length - 1, 0))
        : `{% set said = ${all} %}{{ said[:2000] ~ ' (truncated)...' if said | length > 2000 else said }}`
      return `Current input: ${shown}\n\nSummary of previous context: ${context}\n\nPlease generate a concise summary of the above context.`
    }
    case 'session':
      return shown
  }
}

export const EMPTY = textLiteral('')

function put({ text }: Said): string {
  return text === EMPTY ? '' : `{{ ${text} }}`
}

/** What of a session is left, and what is new in it, after a layer that is called `key` there answered. */
export function sessionAfter({ output }: State, session: readonly Said[], key: string): readonly Said[] {
  const { clearHistory, includeInHistory, asUserMessage } = output
  const kept = clearHistory === false ? session : []
  return includeInHistory ? [...kept, { role: asUserMessage ? 'user' : 'assistant', text: key }] : kept
}

/** Whether a layer leaves something in the session, or takes something out. */
export function touchesSession({ output: { includeInHistory, clearHistory } }: State): boolean {
  return includeInHistory || clearHistory !== false
}
