import type { ScriptWork } from '../../schema/workflow.ts'
import type { Step } from '../engine/step.ts'
import type { PreparedStep } from '../engine/step-effects.ts'

/** Name of the tool that runs programs of definitions. No assistant is ever offered it. */
export const RUN_SCRIPT = 'run_script'

/** A program of the repository that works on the text of the step before. */
export function prepareScript(step: Step, { command, env, keepsText }: ScriptWork): PreparedStep {
  const stdin = step.incoming ?? ''
  return {
    task: `Run ${command.value}`,
    async execute(effects) {
      const printed = String(
        await effects.tool({ tool: RUN_SCRIPT, args: { command: command.value, stdin, env } }),
      )
      return printed === '' && keepsText ? stdin : printed
    },
  }
}
