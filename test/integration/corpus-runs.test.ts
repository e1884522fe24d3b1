import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readWorkflow } from '../../schema/index.ts'
import type { Workflow } from '../../schema/workflow.ts'
import { corpusFiles, corpusText } from '../helpers/corpus.ts'
import type { SeenRun } from '../helpers/project.ts'
import { tellRun } from '../helpers/run-story.ts'
import { StandInModel, standInInput, standInProject } from '../helpers/stand-in-project.ts'
import { setUpWorkbench } from '../helpers/workbench.ts'

const bench = setUpWorkbench()
const STORIES = new URL('../fixtures/corpus-runs/', import.meta.url).pathname

const files = corpusFiles()
const known = readdirSync(STORIES).length

describe.skipIf(files.length === 0)(`${known} templates of CodeMie run unchanged`, () => {
  test.each(files)('%s', async (file) => {
    const text = corpusText(file)
    const { workflow, diagnostics } = readWorkflow({ file, text })
    const story = workflow
      ? await storyOf(workflow, text)
      : diagnostics
          .filter(({ severity }) => severity === 'error')
          .map((error) => `Refused at ${error.line}:${error.column}: ${error.code}\n`)
          .join('')
    await expect(`# ${file}\n\n${story}`).toMatchFileSnapshot(`${STORIES}${file.replace(/\.yaml$/, '.md')}`)
  })
})

/**
 * Runs a template through the real entry, with every pause resumed, and tells what happened; one step at a time, so that
 * the model is always asked in the same order.
 */
async function storyOf(workflow: Workflow, text: string): Promise<string> {
  const model = new StandInModel(workflow)
  bench.server.otherwise((request) => model.reply(request))
  const project = bench.make(standInProject(workflow, text, model))
  const input = standInInput(workflow)
  const rounds: SeenRun[] = [await project.run('w', { input, model: 'openai:gpt-4.1', maxConcurrency: 1 })]
  while (rounds.at(-1)?.status === 'paused' && rounds.length < 10) {
    rounds.push(await project.resume('latest', { maxConcurrency: 1 }))
  }
  return tellRun(workflow, {
    input,
    events: rounds.flatMap((round) => round.events),
    requests: bench.server.requests,
    foreign: textsOf(workflow),
  })
}

/** The long texts of a definition, which are its author's. */
function textsOf({ states }: Workflow): readonly string[] {
  return states.flatMap(({ work }) => {
    if (work.kind === 'agent') {
      const { assistant, task, outputSchema } = work
      const schema = outputSchema?.value ?? ''
      return [assistant.systemPrompt ?? '', task.value, schema, schema.trim()]
    }
    return work.kind === 'state-processor' || work.kind === 'transform' ? [work.task.value] : []
  })
}
