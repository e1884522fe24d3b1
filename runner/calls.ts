import { type Position, type Workflow, workflowIdOf } from '../schema/index.ts'
import { Refusal } from './failure.ts'

/** A workflow that another one calls. */
export interface CalledWorkflow {
  /** As the calling state writes it. */
  readonly name: string
  readonly workflow: Workflow
}

/** The workflows behind the calls of one, and what keeps the others from being called. */
export interface ResolvedCalls {
  /** Each once, in the order in which they are met. */
  readonly called: readonly CalledWorkflow[]
  readonly problems: readonly CallProblem[]
}

/** Why a call cannot be carried out. */
export interface CallProblem {
  readonly code:
    | 'unknown-workflow'
    | 'ambiguous-call'
    | 'called-workflow-invalid'
    | 'workflow-cycle'
    | 'called-workflow-retired'
  /** The `workflow_id` of the state that makes the call. */
  readonly at: Position
  /** The call of the first workflow that leads there; the same one where it makes the call itself. */
  readonly from: { readonly at: Position; readonly state: string }
  readonly message: string
  readonly help: string
}

/**
 * Finds a definition by file stem, path or name; `workflow` is `undefined` when it has errors. Refuses when there is none.
 * `caller` is the path of the definition that calls it.
 */
export type FindWorkflow = (
  name: string,
  caller: string,
) => Promise<{ readonly file: string; readonly workflow: Workflow | undefined }>

/**
 * Follows the calls of a workflow, and those of the workflows it calls, to their definitions. A call that leads back to a
 * workflow it comes from is a problem, as are one that leads nowhere, one to a definition with errors, and one by a name
 * that means another file elsewhere in the run: the record keeps one definition for each name.
 */
export async function resolveCalls(workflow: Workflow, find: FindWorkflow): Promise<ResolvedCalls> {
  const called = new Map<string, CalledWorkflow>()
  const problems = new Map<string, CallProblem>()
  const visit = async (
    caller: Workflow,
    chain: readonly Workflow[],
    first: CallProblem['from'] | undefined,
  ): Promise<void> => {
    for (const { id: state, work } of caller.states) {
      if (work.kind !== 'call') continue
      const { value: name, at } = work.workflow
      const from = first ?? { at, state }
      const add = (problem: Problem) => {
        problems.set(`${at.file}:${at.line} ${problem.code}`, { ...problem, at, from })
      }
      const found = await findOrProblem(name, (wanted) => find(wanted, caller.file))
      if ('code' in found) {
        add(found)
        continue
      }
      const start = chain.findIndex(({ file }) => file === found.file)
      if (start >= 0) {
        add(cycle([...chain.slice(start), found]))
        continue
      }
      const known = called.get(name)?.workflow
      if (known) {
        if (known.file !== found.file) add(ambiguous(name, found, known))
        continue
      }
      called.set(name, { name, workflow: found })
      await visit(found, [...chain, found], from)
    }
  }
  await visit(workflow, [workflow], undefined)
  return { called: [...called.values()], problems: [...problems.values()] }
}

/** What is wrong with a call, without its place. */
type Problem = Pick<CallProblem, 'code' | 'message' | 'help'>

async function findOrProblem(
  name: string,
  find: (name: string) => ReturnType<FindWorkflow>,
): Promise<Workflow | Problem> {
  try {
    const { file, workflow } = await find(name)
    if (!workflow) {
      return {
        code: 'called-workflow-invalid',
        message: `The workflow '${name}' that is called here has errors`,
        help: `\`codemie-ci validate ${file}\` shows them.`,
      }
    }
    if (workflow.lifecycle === 'retired') {
      return {
        code: 'called-workflow-retired',
        message: `The workflow '${name}' that is called here is retired`,
        help: 'Call another one, or change its lifecycle.',
      }
    }
    return workflow
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { code: 'unknown-workflow', message: error.message, help: error.help ?? '' }
  }
}

function ambiguous(name: string, found: Workflow, known: Workflow): Problem {
  return {
    code: 'ambiguous-call',
    message: `'${name}' means ${found.file} here, and ${known.file} in another call of the same run`,
    help: `Name it by its path from the top of the repository: workflow_id: ${found.file}`,
  }
}

function cycle(chain: readonly Workflow[]): Problem {
  return {
    code: 'workflow-cycle',
    message: `The workflows call each other in a circle: ${chain.map(({ file }) => workflowIdOf(file)).join(' → ')}`,
    help: 'Remove one of the calls, or make the repetition a loop inside one workflow.',
  }
}
