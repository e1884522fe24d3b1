import type { State, Workflow } from '../workflow.ts'
import { secretsOf } from './secrets.ts'

/** Names that a sentence holds of one kind; more are counted. */
const MOST_NAMES = 6

/** What a state may use besides a model: `tools git_log, shell; MCP server files; secret TOKEN`. `''`: nothing. */
export function powersOf(states: readonly State[]): string {
  const of = (pick: (state: State) => readonly (string | undefined)[]) =>
    [...new Set(states.flatMap(pick).filter((name) => name !== undefined))].sort()
  return [
    list('tool', of(toolsOf)),
    list('MCP server', of(serversOf)),
    list(
      'datasource',
      of(({ work }) => (work.kind === 'agent' ? work.assistant.datasourceIds : [])),
    ),
    list(
      'skill',
      of(({ work }) => (work.kind === 'agent' ? work.assistant.skillIds : [])),
    ),
    list(
      'stored assistant',
      of(({ work }) => [work.kind === 'agent' ? work.assistant.ref : undefined]),
    ),
    list(
      'program',
      of(({ work }) => [work.kind === 'agent' ? work.assistant.command : undefined]),
    ),
    list(
      'workflow',
      of(({ work }) => [work.kind === 'call' ? work.workflow.value : undefined]),
    ),
    list('secret', of(secretsOf)),
  ]
    .filter((part) => part !== '')
    .join('; ')
}

/** `3 states, with tools git_log and shell`: how large a workflow is and what it may use. */
export function sizeOf({ states }: Pick<Workflow, 'states'>): string {
  const powers = powersOf(states)
  const many = `${states.length} ${states.length === 1 ? 'state' : 'states'}`
  return powers === '' ? many : `${many}, with ${powers}`
}

function toolsOf({ work, onError }: State): readonly (string | undefined)[] {
  const own =
    work.kind === 'tool'
      ? [work.tool]
      : work.kind === 'agent'
        ? work.assistant.tools.map(({ name }) => name)
        : []
  return [...own, ...onError.map(({ notify }) => notify?.tool)]
}

function serversOf({ work }: State): readonly (string | undefined)[] {
  if (work.kind === 'tool') return [work.mcpServer?.name]
  return work.kind === 'agent'
    ? work.assistant.mcpServers.filter(({ enabled }) => enabled).map(({ name }) => name)
    : []
}

function list(name: string, found: readonly string[]): string {
  if (found.length === 0) return ''
  const more = found.length - MOST_NAMES
  const names = `${found.slice(0, MOST_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
  return `${name}${found.length === 1 ? '' : 's'} ${names}`
}
