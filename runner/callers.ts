import type { Position } from '../schema/diagnostic.ts'
import type { Workflow } from '../schema/workflow.ts'
import { applyTextEdits, spellValue } from '../schema/yaml-edit.ts'
import { Refusal } from './failure.ts'
import { checkDefinition } from './new-definition.ts'
import type { Definition, Project } from './project.ts'

/** A state that calls a workflow. */
export interface Caller {
  readonly definition: Definition
  readonly state: string
  /** Its `workflow_id`, as written. */
  readonly name: string
  readonly at: Position
}

/** All states of other workflows whose call leads to this one. */
export async function callersOf(project: Project, { file }: Definition): Promise<readonly Caller[]> {
  const calls = (await project.definitions())
    .filter((one) => one.file !== file)
    .flatMap((definition) =>
      (definition.workflow?.states ?? []).flatMap(({ id: state, work }): Caller[] =>
        work.kind === 'call' ? [{ definition, state, name: work.workflow.value, at: work.workflow.at }] : [],
      ),
    )
  const targets = await Promise.all(
    calls.map(({ name, definition }) => targetOf(project, name, definition.file)),
  )
  return calls.filter((_call, index) => targets[index] === file)
}

/** Refuses with `still-called` while other workflows call one. @param help what to do besides changing them. */
export function refuseCalled(id: string, callers: readonly Caller[], help: string): void {
  if (callers.length === 0) return
  const lines = callers.map(({ at, state }) => `  ${at.file}:${at.line}  state '${state}'`)
  throw new Refusal('still-called', `Other workflows call '${id}':\n${lines.join('\n')}`, { help })
}

/** Refuses with `calls-lost` where the calls of a workflow would lead elsewhere, or nowhere, if its file were another one. */
export async function refuseLostCalls(project: Project, workflow: Workflow, to: string): Promise<void> {
  const names = workflow.states.flatMap(({ work }) => (work.kind === 'call' ? [work.workflow.value] : []))
  for (const name of names) {
    const [now, then] = await Promise.all([workflow.file, to].map((file) => targetOf(project, name, file)))
    if (now === then || now === undefined) continue
    throw new Refusal('calls-lost', `Its call of '${name}' leads to ${now} now, and would not from ${to}`, {
      help: `Name it by its path from the top of the repository: workflow_id: ${now}`,
    })
  }
}

async function targetOf(project: Project, name: string, caller: string): Promise<string | undefined> {
  try {
    return (await project.find(name, caller)).file
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}

/** The texts of the definitions that call a workflow, calling another name. Refuses with `not-editable` and `definition-invalid`. */
export function callsTo(
  callers: readonly Caller[],
  name: string,
): readonly { readonly file: string; readonly text: string }[] {
  return [...new Set(callers.map(({ definition }) => definition))].map(({ file, text }) => {
    const own = callers.filter(({ definition }) => definition.file === file)
    const edits = own.map(({ at }) => ({ ...rangeOf(text, at), text: spellValue(name) }))
    const changed = applyTextEdits(text, edits)
    const { workflow } = checkDefinition(file, changed)
    const isDone = own.every(({ state }) =>
      workflow.states.some(
        ({ id, work }) => id === state && work.kind === 'call' && work.workflow.value === name,
      ),
    )
    if (isDone) return { file, text: changed }
    throw notEditable(file, 'workflow_id')
  })
}

/** The refusal for a value that stands in a file in a way that only a person can change. */
export function notEditable(file: string, key: string): Refusal {
  return new Refusal(
    'not-editable',
    `'${key}' of ${file} is written in a way that cannot be changed in place`,
    {
      help: 'Change it in an editor. Nothing was written.',
    },
  )
}

function rangeOf(text: string, { line, column, endLine, endColumn }: Position) {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)]
  const offset = (atLine: number, atColumn: number) => (starts[atLine - 1] ?? 0) + atColumn - 1
  return { start: offset(line, column), end: offset(endLine ?? line, endColumn ?? column) }
}
