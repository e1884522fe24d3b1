/** How far a workflow may have come, in order; a retired one refuses to run. */
export const STAGES = ['development', 'testing', 'production', 'retired'] as const

export type Lifecycle = (typeof STAGES)[number]
