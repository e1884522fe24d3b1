import type { Located } from './diagnostic.ts'
import type { Workflow } from './workflow.ts'

/** Whether a workflow asks for anything that its own file does not hold: stored assistants, tools, other workflows, guardrails. */
export function needsProject(workflow: Workflow): boolean {
  return (
    namesTools(workflow) ||
    refersToAssistants(workflow) ||
    callsOthers(workflow) ||
    guardrailsIn(workflow).length > 0
  )
}

/** Whether any state, assistant or handler of a workflow names a tool. */
export function namesTools({ states }: Workflow): boolean {
  return states.some(
    ({ work, onError }) =>
      work.kind === 'tool' ||
      (work.kind === 'agent' && work.assistant.tools.length > 0) ||
      onError.some(({ notify }) => notify?.kind === 'tool'),
  )
}

/** Guardrails that a workflow or one of its assistants names, in the order written; one may be named more than once. */
export function guardrailsIn({ guardrails, states }: Workflow): readonly Located<string>[] {
  return [
    ...guardrails,
    ...states.flatMap(({ work }) => (work.kind === 'agent' ? work.assistant.guardrails : [])),
  ]
}

/** Whether any state of a workflow runs another workflow. */
export function callsOthers({ states }: Workflow): boolean {
  return states.some(({ work }) => work.kind === 'call')
}

function refersToAssistants({ states }: Workflow): boolean {
  return states.some(({ work }) => work.kind === 'agent' && work.assistant.ref !== undefined)
}
