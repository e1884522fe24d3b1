import { resolve } from 'node:path'
import type { CommandRunner } from '../command.ts'
import { EXIT } from '../exit-status.ts'
import { openProjectFor } from '../project.ts'
import { openRecordsFor } from '../records.ts'
import { printJson } from '../ui/json.ts'

const WORDS = {
  finished: 'was brought in',
  open: 'was brought in and can go on: codemie-ci resume',
  'already-here': 'is here already',
} as const

/** `codemie-ci import`: brings runs in that came in a file. */
export const importRuns: CommandRunner = async (invocation, cli) => {
  const project = await openProjectFor(invocation, cli)
  const store = await openRecordsFor(project, cli, { push: invocation.flag('push') })
  const runs = []
  for (const file of invocation.rest('files'))
    runs.push(...(await store.import(resolve(cli.world.cwd, file))))
  // Finished runs are `done` now; the publication takes them, with whatever else waits for one.
  const isForBranch = runs.some(({ as }) => as === 'finished')
  const published = isForBranch ? (await store.sweep()).published : []
  if (invocation.flag('json')) printJson(cli, { runs, published })
  else {
    for (const { id, as } of runs) {
      const end = as === 'open' ? ` ${id}` : published.includes(id) ? ' and put on codemie/runs' : ''
      cli.stdout.write(`${id} ${WORDS[as]}${end}\n`)
    }
  }
  return EXIT.done
}
