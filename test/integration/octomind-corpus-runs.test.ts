import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { withInner } from '../../schema/blocks.ts'
import { readWorkflow } from '../../schema/index.ts'
import type { Workflow } from '../../schema/workflow.ts'
import { OCTOMIND_CORPUS, octomindFiles } from '../helpers/corpus.ts'
import { setUpWorkbench } from '../helpers/workbench.ts'

const bench = setUpWorkbench()
const STORIES = new URL('../fixtures/octomind-runs/', import.meta.url).pathname

const files = octomindFiles()
const known = readdirSync(STORIES).length

/** What every model answers: something that all gates look for, or nothing of the kind. */
const ANSWERS = {
  'every gate passes': (workflow: Workflow) => gatesOf(workflow).map(textFor).join('\n'),
  'no gate passes': () => 'Nothing of the kind.',
}

describe.skipIf(files.length === 0)(`${known} workflows of octomind run unchanged`, () => {
  test.each(files)('%s', async (file) => {
    const text = readFileSync(join(OCTOMIND_CORPUS, file), 'utf8')
    const read = readWorkflow({ file, text })
    expect(read.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([])
    const part = read.meta.parts.find(
      (id) => id.startsWith('role:') && partOf(file, text, id).states.length > 1,
    )
    const workflow = partOf(file, text, part ?? read.meta.id)
    const stories: string[] = []
    for (const [title, answer] of Object.entries(ANSWERS)) {
      stories.push(`## When ${title}\n\n${await storyOf(workflow, { file, text, answer: answer(workflow) })}`)
    }
    await expect(`# ${file}\n\n${stories.join('\n')}`).toMatchFileSnapshot(
      `${STORIES}${file.replace(/\.toml$/, '.md')}`,
    )
  })
})

function partOf(file: string, text: string, part: string): Workflow {
  const { workflow } = readWorkflow({ file, text, part })
  if (!workflow) throw new Error(`${file} has no ${part}`)
  return workflow
}

/** Runs it through the real entry, one step at a time, and tells which steps there were and how the run ended. */
async function storyOf(
  workflow: Workflow,
  { file, text, answer }: { readonly file: string; readonly text: string; readonly answer: string },
): Promise<string> {
  const before = bench.server.requests.length
  bench.server.otherwise({ text: answer })
  const project = bench.make({
    files: {
      [`.codemie/workflows/${file}`]: text,
      ...(workflow.dialect === 'octomind-file'
        ? { '.codemie/workflows/roles.config.toml': rolesFor(workflow) }
        : {}),
    },
  })
  const run = await project.run(workflow.id, { input: 'Do it', model: 'openai:gpt-4.1', maxConcurrency: 1 })
  const steps = run.events.flatMap((event) => (event.type === 'step-finished' ? [`- ${event.path}\n`] : []))
  const requests = bench.server.requests.length - before
  return `${steps.join('')}\n${requests} requests, ${run.status}\n`
}

/** The roles that a workflow names, with nothing but a name. */
function rolesFor({ states }: Workflow): string {
  const names = withInner(states).flatMap(({ work }) => (work.kind === 'prompt' ? [work.assistant.id] : []))
  return [...new Set(names)]
    .map((name) => `[[roles]]\nname = "${name}"\nsystem = "You are ${name}."\n`)
    .join('\n')
}

/** All patterns that decide how a run goes on. */
function gatesOf({ states }: Workflow): readonly string[] {
  const patterns = withInner(states).flatMap(({ work }) => {
    if (work.kind !== 'block') return []
    const { driver } = work
    if (driver.kind === 'for-each') return [driver.pattern.value]
    const gate = driver.kind === 'until' ? driver.exit : driver.kind === 'choose' ? driver.when : undefined
    return gate?.matches ? [gate.matches.value] : []
  })
  return [...new Set(patterns)]
}

/** A text in which such a pattern matches at the start of a line. */
function textFor(pattern: string): string {
  return pattern
    .replace(/\(\?[a-z]+\)/g, '')
    .replace(/\(\.\+\??\)/g, 'one')
    .replace(/\\[sb]\*?|[\^$]/g, '')
}
