import { resolve } from 'node:path'
import { openProject, type Project } from '../runner/project.ts'
import type { Cli } from './context.ts'
import type { Invocation } from './invocation.ts'

/** The repository around the working directory, with the configuration that `--config` names. */
export function openProjectFor(invocation: Invocation, cli: Cli): Promise<Project> {
  const config = invocation.text('config')
  return openProject(cli.world, config === undefined ? {} : { config: resolve(cli.world.cwd, config) })
}
