CREATE TABLE "User" (
  "id" TEXT PRIMARY KEY, "email" TEXT UNIQUE NOT NULL, "name" TEXT, "image" TEXT, "emailVerified" TIMESTAMP(3),
  "createdAt" TIMESTAMP(3) NOT NULL, "updatedAt" TIMESTAMP(3) NOT NULL);
CREATE TABLE "Session" (
  "id" TEXT PRIMARY KEY, "sessionToken" TEXT UNIQUE NOT NULL,
  "userId" TEXT NOT NULL REFERENCES "User" ON DELETE CASCADE, "expires" TIMESTAMP(3) NOT NULL);
CREATE INDEX "Session_userId" ON "Session" ("userId");
CREATE TABLE "ConnectionProfile" (
  "id" TEXT PRIMARY KEY, "userId" TEXT NOT NULL REFERENCES "User" ON DELETE CASCADE, "name" TEXT NOT NULL,
  "provider" TEXT NOT NULL, "apiKeyId" TEXT, "baseUrl" TEXT, "modelName" TEXT NOT NULL, "parameters" JSONB NOT NULL,
  "isDefault" BOOLEAN NOT NULL, "tags" JSONB NOT NULL,
  "createdAt" TIMESTAMP(3) NOT NULL, "updatedAt" TIMESTAMP(3) NOT NULL);
CREATE INDEX "ConnectionProfile_userId" ON "ConnectionProfile" ("userId");
CREATE TABLE "Character" (
  "id" TEXT PRIMARY KEY, "userId" TEXT NOT NULL REFERENCES "User" ON DELETE CASCADE, "name" TEXT NOT NULL,
  "title" TEXT, "description" TEXT NOT NULL, "personality" TEXT NOT NULL, "scenario" TEXT NOT NULL,
  "firstMessage" TEXT NOT NULL, "exampleDialogues" TEXT, "systemPrompt" TEXT, "avatarUrl" TEXT,
  "defaultImageId" TEXT, "sillyTavernData" JSONB, "isFavorite" BOOLEAN NOT NULL, "personaLinks" JSONB NOT NULL,
  "tags" JSONB NOT NULL, "tagLinks" JSONB NOT NULL, "avatarOverrides" JSONB NOT NULL,
  "createdAt" TIMESTAMP(3) NOT NULL, "updatedAt" TIMESTAMP(3) NOT NULL);
CREATE INDEX "Character_userId" ON "Character" ("userId", "createdAt");
CREATE TABLE "Tag" (
  "id" TEXT PRIMARY KEY, "userId" TEXT NOT NULL REFERENCES "User" ON DELETE CASCADE, "name" TEXT NOT NULL,
  "nameLower" TEXT NOT NULL, "createdAt" TIMESTAMP(3) NOT NULL, "updatedAt" TIMESTAMP(3) NOT NULL,
  UNIQUE ("userId", "nameLower"));
CREATE TABLE "Chat" (
  "id" TEXT PRIMARY KEY, "userId" TEXT NOT NULL REFERENCES "User" ON DELETE CASCADE,
  "characterId" TEXT NOT NULL REFERENCES "Character" ON DELETE CASCADE, "personaId" TEXT,
  "connectionProfileId" TEXT NOT NULL, "imageProfileId" TEXT, "title" TEXT NOT NULL, "contextSummary" TEXT,
  "sillyTavernMetadata" JSONB, "tags" JSONB NOT NULL, "tagLinks" JSONB NOT NULL, "messageCount" INTEGER NOT NULL,
  "lastMessageAt" TIMESTAMP(3), "createdAt" TIMESTAMP(3) NOT NULL, "updatedAt" TIMESTAMP(3) NOT NULL);
CREATE INDEX "Chat_userId" ON "Chat" ("userId", "createdAt");
CREATE INDEX "Chat_characterId" ON "Chat" ("characterId");
CREATE TABLE "Message" (
  "id" TEXT PRIMARY KEY, "chatId" TEXT NOT NULL REFERENCES "Chat" ON DELETE CASCADE, "type" TEXT NOT NULL,
  "role" TEXT NOT NULL, "content" TEXT NOT NULL, "rawResponse" JSONB, "tokenCount" INTEGER, "swipeGroupId" TEXT,
  "swipeIndex" INTEGER, "attachments" JSONB NOT NULL, "createdAt" TIMESTAMP(3) NOT NULL);
CREATE INDEX "Message_chatId" ON "Message" ("chatId", "createdAt");
