import { startAllowed } from './command.ts'
import { toolFailed } from './define-tool.ts'
import { programOfScript } from './script-program.ts'
import type { ToolContext } from './tool.ts'

/** What a script of a definition is started with. */
export interface ScriptRequest {
  /** Path of a program in the repository, or a line for a shell. */
  readonly command: string
  readonly stdin: string
  readonly env: Readonly<Record<string, string>>
}

/** No step may take longer, and each has a limit of its own that ends it sooner. */
const LONGEST_MS = 3600_000

/** What a script prints is a text of the run, which a cut would falsify. */
const MOST_BYTES = 16 * 1024 * 1024

/** What messages call it. */
const SCRIPT = 'script'

/**
 * Runs a script of a definition and gives what it printed, untouched. A path that there is in the repository is started as it is,
 * anything else by `sh -c`; the policy has to allow that path, or `sh`. Fails as `runCommand` does, and when it prints more
 * than 16 MiB.
 */
export async function runScript(
  { command, stdin, env }: ScriptRequest,
  context: ToolContext,
): Promise<string> {
  const started = await programOfScript(command, context)
  const { stdout } = await startAllowed(
    SCRIPT,
    {
      ...started,
      stdin,
      env: { ...env, OCTOMIND_WORKING_DIR: context.root },
      help: 'Mend what it says, or have it end with status 0.',
    },
    { ...context, policy: { ...context.policy, timeoutMs: LONGEST_MS, maxOutputBytes: MOST_BYTES } },
  )
  if (stdout.droppedBytes > 0) {
    throw toolFailed(SCRIPT, `"${command}" printed more than ${MOST_BYTES} bytes`, 'Have it print less.')
  }
  return stdout.text
}
