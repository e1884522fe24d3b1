import type { DocumentsTreeWork } from '../../schema/workflow.ts'
import type { PreparedStep, StepWarning } from '../engine/step-effects.ts'
import { definitionDict } from './definition-values.ts'
import { buildDocumentsTree } from './documents-tree.ts'
import type { StepKit } from './kit.ts'
import { positionText } from './render-text.ts'

/** Lists the documents of a datasource, for a state that then looks at each of them. */
export function prepareDocumentsTree(
  work: DocumentsTreeWork,
  kit: StepKit,
  warn: (warning: StepWarning) => void,
): PreparedStep {
  const datasource = String(work.config['datasource_id'] ?? '')
  return {
    task: `List the documents of ${datasource}`,
    async execute({ signal }) {
      const documents = await kit.documentsOf(datasource, signal)
      const { output, warnings } = buildDocumentsTree(definitionDict(work.config), documents)
      for (const warning of warnings) warn({ ...warning, position: positionText(work.at) })
      return output
    },
  }
}
