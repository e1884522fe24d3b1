import { StepFailure } from '../../failure.ts'
import type { ToolIntegration } from '../tool.ts'

/** A setting of an integration with which its tools cannot work. `problem` follows the name of the key; never holds a secret. */
export function badSetting(
  { alias }: Pick<ToolIntegration, 'alias'>,
  key: string,
  problem: string,
  help = 'Correct it in .codemie/config.yaml.',
): StepFailure {
  return new StepFailure('integration-setting-invalid', `integrations.${alias}.${key} ${problem}`, {
    blame: 'user',
    help,
  })
}
