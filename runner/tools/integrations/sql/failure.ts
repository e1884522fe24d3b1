import { StepFailure } from '../../../failure.ts'
import { describeNetworkError } from '../../http-send.ts'
import type { ToolIntegration } from '../../tool.ts'
import { verdictOfNetwork } from '../network-verdict.ts'
import type { SqlRequest } from './driver.ts'

/** What a server says of itself and what it refused; the names are those that both drivers use. */
export interface ServerError {
  /** For people, from the server. */
  readonly message: string
  /** SQLSTATE, five characters. `undefined`: no server said this; see `code`. */
  readonly state: string | undefined
  /** Of the network or the driver, e.g. `ECONNREFUSED`. */
  readonly code: string | undefined
}

interface Verdict {
  readonly blame: StepFailure['blame']
  readonly retryable?: true
  readonly help: string
}

const MAX_MESSAGE = 500

/** Who has to act, by the beginning of the SQLSTATE; the first that fits counts. Source: ISO 9075, and appendix A of PostgreSQL's manual. */
const VERDICTS: readonly (readonly [begin: string, verdict: (alias: string) => Verdict])[] = [
  [
    '28',
    (alias) => ({
      blame: 'user',
      help: `The account of integration '${alias}' is not let in: check its username and the variable under password_env.`,
    }),
  ],
  [
    '3D',
    (alias) => ({ blame: 'user', help: `Correct the name of the database in integrations.${alias}.url.` }),
  ],
  [
    '42501',
    (alias) => ({
      blame: 'user',
      help: `The account of integration '${alias}' may not do this: grant it the right, or use another one.`,
    }),
  ],
  ['25006', readOnlyVerdict],
  ['57014', () => ({ blame: 'tool', help: 'Ask for less at once.' })],
  // The statement has other placeholders than there are parameters.
  ['08P01', mistaken],
  ['08', infrastructure],
  ['53', infrastructure],
  ['57', infrastructure],
  ['58', infrastructure],
  ['XX', infrastructure],
  [
    '40',
    () => ({
      blame: 'infrastructure',
      retryable: true,
      help: 'Another statement was in the way; try again.',
    }),
  ],
  [
    '23',
    () => ({
      blame: 'tool',
      help: 'The database has a rule against such rows; look at what is to be written.',
    }),
  ],
  ['', mistaken],
]

/** Who has to act when a statement that only reads wants to change something. */
export function readOnlyVerdict(alias: string): Verdict {
  return {
    blame: 'policy',
    help: `sql_query only reads. Use sql_execute, or let it stand for the name in .codemie/config.yaml: tools: { <name>: { use: sql_execute } }, and set integrations.${alias}.options.write to true.`,
  }
}

/** Who has to act when the statement is wrong. */
export function mistaken(): Verdict {
  return {
    blame: 'workflow',
    help: 'Correct the statement; sql_tables tells which tables and columns there are.',
  }
}

function infrastructure(): Verdict {
  return { blame: 'infrastructure', retryable: true, help: 'Look at the log of the database, and try again.' }
}

/** The failure that an error of a server, or of the way to it, is. `isSent`: the statement may have arrived. */
export function serverFailure(
  { tool, mayWrite }: SqlRequest,
  error: ServerError,
  at: { readonly integration: ToolIntegration; readonly server: string; readonly isSent: boolean },
): StepFailure {
  const { integration, server, isSent } = at
  if (error.state === undefined) {
    const inDoubt = isSent && mayWrite
    const { blame, help } = verdictOfNetwork(error.code)
    return new StepFailure(
      'tool-failed',
      `${tool}: ${describeNetworkError(server, error)}${inDoubt ? '; nobody knows whether the change was made' : ''}`,
      { blame, retryable: blame === 'infrastructure' && !inDoubt, help },
    )
  }
  const { state } = error
  const [, verdictOf] = VERDICTS.find(([begin]) => state.startsWith(begin)) ?? ['', infrastructure]
  const { blame, retryable = false, help } = verdictOf(integration.alias)
  return new StepFailure('tool-failed', `${tool}: ${server} says: ${error.message.slice(0, MAX_MESSAGE)}`, {
    blame,
    retryable: retryable && !(isSent && mayWrite && !state.startsWith('40')),
    help,
  })
}
