/** What a workflow is: read it, check it, explain it, draw it. Pure: nothing here touches disc, clock or network. */

export { type AssistantResult, readAssistantFile } from './assistant-file.ts'
export {
  type ConfigResult,
  type Datasource,
  defaultConfig,
  type Integration,
  type McpServerSettings,
  type McpSettings,
  type ModelLimits,
  type ModelSettings,
  type Policy,
  type Price,
  type Provider,
  type ProviderKind,
  type Rates,
  type RepositoryConfig,
  type ResultSettings,
  readConfig,
  type ToolMapping,
} from './config.ts'
export * from './diagnostic.ts'
export { parseDurationMs } from './duration.ts'
export { type Paint, printable, renderAnnotation, renderDiagnostic } from './frame.ts'
export {
  ancestorsOf,
  componentsOf,
  type GraphEdge,
  graphOf,
  reachableIn,
  type WorkflowGraph,
} from './graph.ts'
export { type NodeStatus, toMermaid } from './graph-mermaid.ts'
export { toText } from './graph-text.ts'
export {
  INTEGRATION_TYPES,
  type IntegrationOption,
  type IntegrationType,
  type IntegrationTypeName,
  integrationType,
} from './integration-types.ts'
export { publishedSchema, SCHEMA_NAMES, type SchemaName } from './json-schema.ts'
export { nearestName } from './nearest.ts'
export { type EnforcedSchema, enforcedSchemaOf } from './output-schema.ts'
export {
  type ReadMeta,
  type ReadResult,
  readWorkflow,
  readWorkflows,
  type WorkflowFile,
  workflowIdOf,
} from './read.ts'
export { CATALOGUE, type Explanation, explain } from './rules/catalogue.ts'
export { looksLikeSecret } from './secret-forms.ts'
export { EVENTS } from './trigger/events.ts'
export { isTriggered, type Occurrence } from './trigger/match.ts'
export * from './workflow.ts'
export { dataOf, readYaml, YAML_LIMITS, type YamlDocument, type YamlNode } from './yaml.ts'
