import { relative } from 'node:path'
import type { CommandRunner } from '../command.ts'
import { EXIT } from '../exit-status.ts'
import { openProjectFor } from '../project.ts'
import { openRecordsFor } from '../records.ts'
import { printJson } from '../ui/json.ts'

/** `codemie-ci share`: the link of a record, or a file to hand on where there is none. */
export const share: CommandRunner = async (invocation, cli) => {
  const project = await openProjectFor(invocation, cli)
  const store = await openRecordsFor(project, cli)
  const run = invocation.required('run')
  const shared = invocation.flag('bundle') ? undefined : await store.share(run)
  if (shared?.link !== undefined) {
    if (invocation.flag('json')) printJson(cli, shared)
    else cli.stdout.write(`${shared.link}\n`)
    return EXIT.done
  }
  const bundle = await store.bundle(run, cli.world.cwd)
  if (invocation.flag('json')) {
    printJson(cli, { bundle, ...(shared === undefined ? {} : { why: shared.why }) })
    return EXIT.done
  }
  const name = relative(cli.world.cwd, bundle)
  cli.stdout.write(`${name}\n`)
  if (shared !== undefined)
    cli.stderr.write(`${shared.why}, so the record is in a file.\n  = help: ${shared.help}\n`)
  cli.stderr.write(`\`codemie-ci import ${name}\` brings it into any clone.\n`)
  return EXIT.done
}
