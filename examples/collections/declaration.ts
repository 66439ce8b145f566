// What a chat app added within a month, declared once for all that open its store.

const tags = { type: 'array', items: { type: 'id', references: 'Tag' }, default: [] } as const
const userId = { type: 'id', references: 'User', onDelete: 'Cascade' } as const
const imageSize = { type: 'integer', optional: true, minimum: 1 } as const

const physicalDescriptions = {
  type: 'array',
  default: [],
  items: {
    type: 'object',
    fields: {
      id: { type: 'id' },
      name: { type: 'string' },
      shortPrompt: { type: 'string', optional: true, maxLength: 350 },
      mediumPrompt: { type: 'string', optional: true, maxLength: 500 },
      longPrompt: { type: 'string', optional: true, maxLength: 750 },
      completePrompt: { type: 'string', optional: true, maxLength: 1000 },
      fullDescription: { type: 'string', optional: true },
      createdAt: { type: 'time' },
      updatedAt: { type: 'time' },
    },
  },
} as const

/** Collections of the app's own. */
export const collections = {
  memories: {
    file: 'memories/{id}.json',
    model: 'Memory',
    description: 'What a character remembers.',
    fields: {
      characterId: { type: 'id', references: 'Character', onDelete: 'Cascade' },
      personaId: { type: 'id', references: 'Persona', optional: true },
      chatId: { type: 'id', references: 'Chat', optional: true },
      content: { type: 'string' },
      summary: { type: 'string' },
      keywords: { type: 'array', items: { type: 'string' }, default: [] },
      tags,
      importance: { type: 'number', default: 0.5, minimum: 0, maximum: 1 },
      embedding: { type: 'array', items: { type: 'number' }, optional: true },
      source: { enum: ['AUTO', 'MANUAL'], default: 'MANUAL' },
      sourceMessageId: { type: 'id', optional: true, index: true },
      lastAccessedAt: { type: 'time', optional: true },
    },
  },
  embeddingProfiles: {
    file: 'settings/embedding-profiles.json',
    key: 'profiles',
    model: 'EmbeddingProfile',
    unique: [['userId', 'name']],
    fields: {
      userId,
      name: { type: 'string' },
      provider: { enum: ['OPENAI', 'OLLAMA'] },
      apiKeyId: { type: 'id', references: 'ApiKey', optional: true },
      baseUrl: { type: 'string', optional: true },
      modelName: { type: 'string' },
      dimensions: { type: 'integer', optional: true, minimum: 1 },
      isDefault: { type: 'boolean', default: false },
      tags,
    },
  },
  files: {
    file: 'files/files.jsonl',
    model: 'File',
    fields: {
      userId,
      sha256: { type: 'string', index: true },
      originalFilename: { type: 'string' },
      mimeType: { type: 'string' },
      size: { type: 'integer', minimum: 0 },
      width: imageSize,
      height: imageSize,
      linkedTo: { type: 'array', items: { type: 'id' }, default: [] },
      source: { enum: ['UPLOADED', 'GENERATED', 'IMPORTED', 'SYSTEM'] },
      category: { enum: ['IMAGE', 'DOCUMENT', 'AVATAR', 'ATTACHMENT', 'EXPORT'] },
      generationPrompt: { type: 'string', optional: true },
      generationModel: { type: 'string', optional: true },
      generationRevisedPrompt: { type: 'string', optional: true },
      description: { type: 'string', optional: true },
      tags,
    },
  },
  journalEntries: {
    file: 'journal-entries/{characterId}.jsonl',
    model: 'JournalEntry',
    type: 'journal-entry',
    fields: {
      characterId: { type: 'id', references: 'Character' },
      text: { type: 'string' },
      mood: { type: 'string', optional: true },
    },
  },
} as const

/** Fields added to the built-in models, and built-in fields that take more than they did. */
export const fields = {
  Chat: {
    characterId: { type: 'id', references: 'Character', onDelete: 'Cascade', optional: true },
    connectionProfileId: { type: 'id', references: 'ConnectionProfile', onDelete: 'Restrict', optional: true },
    participants: {
      type: 'array',
      default: [],
      items: {
        type: 'object',
        fields: {
          id: { type: 'id' },
          type: { enum: ['CHARACTER', 'PERSONA'] },
          characterId: { type: 'id', references: 'Character', onDelete: 'Cascade', optional: true },
          personaId: { type: 'id', references: 'Persona', onDelete: 'Cascade', optional: true },
          connectionProfileId: { type: 'id', references: 'ConnectionProfile', optional: true },
          imageProfileId: { type: 'id', references: 'ImageProfile', optional: true },
          systemPromptOverride: { type: 'string', optional: true },
          displayOrder: { type: 'integer', default: 0 },
          isActive: { type: 'boolean', default: true },
          createdAt: { type: 'time' },
          updatedAt: { type: 'time' },
        },
      },
    },
    lastRenameCheckInterchange: { type: 'integer', default: 0 },
  },
  ChatSettings: {
    tagStyles: { type: 'json', default: {} },
    cheapLLMSettings: {
      type: 'object',
      optional: true,
      fields: {
        strategy: { type: 'string' },
        userDefinedProfileId: { type: 'id', references: 'ConnectionProfile', optional: true },
        defaultCheapProfileId: { type: 'id', references: 'ConnectionProfile', optional: true },
        fallbackToLocal: { type: 'boolean', default: true },
        embeddingProvider: { type: 'string', optional: true },
        embeddingProfileId: { type: 'id', references: 'embeddingProfiles', optional: true },
      },
    },
    imageDescriptionProfileId: { type: 'id', references: 'ConnectionProfile', optional: true },
  },
  ConnectionProfile: {
    provider: { type: 'string' },
    isCheap: { type: 'boolean', default: false },
    allowWebSearch: { type: 'boolean', default: false },
  },
  ApiKey: { provider: { type: 'string' } },
  ImageProfile: { provider: { enum: ['OPENROUTER'] } },
  Tag: { quickHide: { type: 'boolean', default: false } },
  Character: {
    description: { type: 'string', optional: true },
    personality: { type: 'string', optional: true },
    scenario: { type: 'string', optional: true },
    firstMessage: { type: 'string', optional: true },
    defaultConnectionProfileId: { type: 'id', references: 'ConnectionProfile', optional: true },
    physicalDescriptions,
  },
  Persona: { physicalDescriptions },
  Message: { debugMemoryLogs: { type: 'array', items: { type: 'string' }, optional: true } },
} as const
