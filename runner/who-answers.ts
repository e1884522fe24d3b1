import { meaningOf } from '../schema/diff/values.ts'
import { assistantsOf } from '../schema/needs.ts'
import { createHash } from './hash.ts'
import type { InterpretOptions } from './interpret.ts'

/**
 * The assistants of a called workflow and of those that it calls, with what stored ones and skills say now, in short: their texts
 * are in no definition. Equal where they are the same.
 */
export async function whoAnswersIn(
  name: string,
  findCalled: InterpretOptions['findCalled'],
): Promise<string> {
  const called = findCalled?.(name)
  if (!called) return ''
  const { workflow, kit } = called
  const assistants = assistantsOf(workflow)
  const skills = await Promise.all(assistants.map(kit.skillTextsOf))
  const inner = workflow.states.flatMap(({ work }) =>
    work.kind === 'call' ? [whoAnswersIn(work.workflow.value, findCalled)] : [],
  )
  return createHash('sha256')
    .update(meaningOf([assistants, skills, await Promise.all(inner)]))
    .digest('hex')
}
