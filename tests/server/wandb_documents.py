"""Documents as W&B's clients send them."""

from __future__ import annotations

_PAGE_INFO = "fragment PageInfoFragment on PageInfo { __typename endCursor hasNextPage }"
_INFO = """
fragment CollectionInfoFragment on ArtifactCollection { __typename name project { ...ProjectInfoFragment } }
fragment SourceCollectionInfoFragment on ArtifactSequence { __typename name project { ...ProjectInfoFragment } }
fragment ProjectInfoFragment on Project { id internalId name entity { name } }
fragment TagFragment on Tag { __typename id name }
fragment ArtifactAliasFragment on ArtifactAlias { __typename id alias }
fragment ArtifactFragment on Artifact {
  __typename id artifactSequence { ...SourceCollectionInfoFragment } versionIndex artifactType { name }
  description metadata ttlDurationSeconds ttlIsInherited tags { ...TagFragment } historyStep state size digest
  commitHash fileCount createdAt updatedAt
  aliases @include(if: $includeAliases) {
    artifactCollection { ...CollectionInfoFragment } ...ArtifactAliasFragment
  }
}
fragment ArtifactMembershipFragment on ArtifactCollectionMembership {
  __typename id versionIndex createdAt aliases { ...ArtifactAliasFragment }
  artifactCollection { ...CollectionInfoFragment } artifact { ...ArtifactFragment }
}
"""

CREATE = """
mutation CreateArtifact ($input: CreateArtifactInput!) { createArtifact(input: $input) { ... CreatedArtifact } }
fragment CreatedArtifact on CreateArtifactPayload {
  artifact { id state artifactSequence { latestArtifact { id } } }
}
"""
CREATE_0_16 = """
mutation CreateArtifact(
  $artifactTypeName: String!, $artifactCollectionNames: [String!], $entityName: String!, $projectName: String!,
  $runName: String, $description: String, $digest: String!, $aliases: [ArtifactAliasInput!], $metadata: JSONString,
  $clientID: ID, $sequenceClientID: ID,
) {
  createArtifact(input: {
    artifactTypeName: $artifactTypeName, artifactCollectionNames: $artifactCollectionNames, entityName: $entityName,
    projectName: $projectName, runName: $runName, description: $description, digest: $digest,
    digestAlgorithm: MANIFEST_MD5, aliases: $aliases, metadata: $metadata, clientID: $clientID,
    sequenceClientID: $sequenceClientID, enableDigestDeduplication: true,
  }) { artifact { id state artifactSequence { id latestArtifact { id versionIndex } } } }
}
"""
CREATE_MANIFEST = """
mutation CreateArtifactManifest ($artifactID: ID!, $baseArtifactID: ID, $name: String!, $digest: String!,
  $entityName: String!, $projectName: String!, $runName: String!, $manifestType: ArtifactManifestType!,
  $includeUpload: Boolean!) {
  createArtifactManifest(input: {artifactID: $artifactID, baseArtifactID: $baseArtifactID, name: $name,
    digest: $digest, entityName: $entityName, projectName: $projectName, runName: $runName, type: $manifestType}) {
    artifactManifest {
      id file { id uploadUrl @include(if: $includeUpload) uploadHeaders @include(if: $includeUpload) }
    }
  }
}
"""
CREATE_MANIFEST_0_16 = """
mutation CreateArtifactManifest($name: String!, $digest: String!, $artifactID: ID!, $baseArtifactID: ID,
  $entityName: String!, $projectName: String!, $runName: String!, $includeUpload: Boolean!, ) {
  createArtifactManifest(input: {name: $name, digest: $digest, artifactID: $artifactID,
    baseArtifactID: $baseArtifactID, entityName: $entityName, projectName: $projectName, runName: $runName, }) {
    artifactManifest {
      id file {
        id name displayName uploadUrl @include(if: $includeUpload) uploadHeaders @include(if: $includeUpload)
      }
    }
  }
}
"""
UPDATE_MANIFEST = """
mutation UpdateArtifactManifest ($artifactManifestID: ID!, $digest: String, $baseArtifactID: ID,
  $includeUpload: Boolean!) {
  updateArtifactManifest(input: {artifactManifestID: $artifactManifestID, digest: $digest,
    baseArtifactID: $baseArtifactID}) {
    artifactManifest {
      id file { id uploadUrl @include(if: $includeUpload) uploadHeaders @include(if: $includeUpload) }
    }
  }
}
"""
CREATE_FILES = """
mutation CreateArtifactFiles ($input: CreateArtifactFilesInput!) {
  createArtifactFiles(input: $input) {
    files { edges { node {
      storagePath uploadUrl uploadHeaders
      uploadMultipartUrls { uploadID uploadUrlParts { partNumber uploadUrl } }
      artifact { id }
    } } }
  }
}
"""
COMMIT = """
mutation CommitArtifact ($artifactID: ID!) {
  commitArtifact(input: {artifactID: $artifactID}) { artifact { id digest } }
}
"""
USE = """
mutation UseArtifact($entityName: String!, $projectName: String!, $runName: String!, $artifactID: ID!, ) {
  useArtifact(input: {entityName: $entityName, projectName: $projectName, runName: $runName, artifactID: $artifactID, })
  { artifact { id digest description state createdAt metadata } }
}
"""
UPDATE = (
    """
mutation UpdateArtifact($input: UpdateArtifactInput!, $includeAliases: Boolean = true) {
  result: updateArtifact(input: $input) { artifact { ...ArtifactFragment } }
}
"""
    + _INFO
)
ADD_ALIASES = "mutation AddAliases($input: AddAliasesInput!) { result: addAliases(input: $input) { success } }"
DELETE_ALIASES = """
mutation DeleteAliases($input: DeleteAliasesInput!) { result: deleteAliases(input: $input) { success } }
"""
DELETE = """
mutation DeleteArtifact($input: DeleteArtifactInput!) { result: deleteArtifact(input: $input) { artifact { id } } }
"""
DELETE_SEQUENCE = """
mutation DeleteArtifactSequence($id: ID!) {
  result: deleteArtifactSequence(input: {artifactSequenceID: $id}) { artifactCollection { __typename state } }
}
"""
LINK = (
    """
mutation LinkArtifact($input: LinkArtifactInput!, $includeAliases: Boolean = true) {
  result: linkArtifact(input: $input) {
    versionIndex artifactMembership @include(if: true) { ...ArtifactMembershipFragment }
  }
}
"""
    + _INFO
)
UNLINK = "mutation UnlinkArtifact($input: UnlinkArtifactInput!) { result: unlinkArtifact(input: $input) { success } }"
BY_ID = (
    """
query ArtifactByID($id: ID!, $includeAliases: Boolean = true) { artifact(id: $id) { ...ArtifactFragment } }
"""
    + _INFO
)
MEMBERSHIP = (
    """
query ArtifactMembershipByName($entity: String!, $project: String!, $name: String!, $includeAliases: Boolean = false) {
  project(name: $project, entityName: $entity) {
    artifactCollectionMembership(name: $name) { ...ArtifactMembershipFragment }
  }
}
"""
    + _INFO
)
BY_NAME_0_16 = """
query ArtifactByName($entityName: String!, $projectName: String!, $name: String!) {
  project(name: $projectName, entityName: $entityName) { artifact(name: $name) { ...ArtifactFragment } }
}
fragment ArtifactFragment on Artifact {
  id artifactSequence { project { entityName name } name } versionIndex artifactType { name } description metadata
  ttlDurationSeconds ttlIsInherited aliases { artifactCollection { project { entityName name } name } alias } state
  commitHash fileCount createdAt updatedAt
}
"""
MANIFEST = """
query FetchArtifactManifest($id: ID!) { artifact(id: $id) { currentManifest { file { directUrl } } } }
"""
FILE_URLS = """
query ArtifactFileURLs($id: ID!, $cursor: String, $perPage: Int) {
  artifact(id: $id) {
    files(after: $cursor, first: $perPage) { pageInfo { hasNextPage endCursor } edges { node { name directUrl } } }
  }
}
"""
MEMBERSHIP_FILES = (
    """
query GetArtifactMembershipFileUrls($entity: String!, $project: String!, $collection: String!, $alias: String!,
  $cursor: String, $perPage: Int) {
  project(name: $project, entityName: $entity) {
    artifactCollection(name: $collection) {
      __typename
      artifactMembership(aliasName: $alias) {
        files(after: $cursor, first: $perPage) {
          pageInfo { ...PageInfoFragment } edges { node { ...FileWithUrlFragment } }
        }
      }
    }
  }
}
fragment FileWithUrlFragment on File { __typename name directUrl }
"""
    + _PAGE_INFO
)
VERSIONS = (
    """
query ProjectArtifacts($entity: String!, $project: String!, $type: String!, $collection: String!, $cursor: String,
  $perPage: Int = 50, $order: String, $filters: JSONString, $includeAliases: Boolean = true) {
  project(entityName: $entity, name: $project) {
    artifactType(name: $type) {
      artifactCollection(name: $collection) {
        __typename
        artifacts(after: $cursor, first: $perPage, order: $order, filters: $filters) {
          totalCount pageInfo { ...PageInfoFragment } edges { version node { ...ArtifactFragment } }
        }
      }
    }
  }
}
"""
    + _INFO
    + _PAGE_INFO
)
TYPES = (
    """
query ProjectArtifactTypes($entity: String!, $project: String!, $cursor: String, $perPage: Int) {
  project(name: $project, entityName: $entity) {
    artifactTypes(after: $cursor, first: $perPage) {
      edges { node { __typename id name description createdAt } } pageInfo { ...PageInfoFragment }
    }
  }
}
"""
    + _PAGE_INFO
)
COLLECTIONS = (
    """
query ProjectArtifactCollections($entity: String!, $project: String!, $cursor: String, $perPage: Int) {
  project(entityName: $entity, name: $project) {
    artifactCollections(after: $cursor, first: $perPage) {
      totalCount @include(if: true) pageInfo { ...PageInfoFragment }
      edges { node {
        __typename id name description createdAt updatedAt project { id internalId name entity { name } }
        type: defaultArtifactType { name } tags { edges { node { __typename id name } } }
      } }
    }
  }
}
"""
    + _PAGE_INFO
)
RUN_OUTPUTS = (
    """
query RunOutputArtifacts($entity: String!, $project: String!, $run: String!, $cursor: String, $perPage: Int,
  $includeAliases: Boolean = true) {
  project(entityName: $entity, name: $project) {
    run(name: $run) {
      artifacts: outputArtifacts(after: $cursor, first: $perPage) {
        totalCount pageInfo { ...PageInfoFragment } edges { node { ...ArtifactFragment } }
      }
    }
  }
}
"""
    + _INFO
    + _PAGE_INFO
)
RUN_INPUTS = RUN_OUTPUTS.replace("Output", "Input").replace("outputArtifacts", "inputArtifacts")
CLIENT_ID = "query ClientIDMapping ($clientID: ID!) { clientIDMapping(clientID: $clientID) { serverID } }"

CREATE_RUN_FILES = """
mutation CreateRunFiles ($entity: String!, $project: String!, $run: String!, $files: [String!]!) {
  createRunFiles(input: {entityName: $entity, projectName: $project, runName: $run, files: $files}) {
    runID uploadHeaders files { name uploadUrl }
  }
}
"""
MARK_RUN_FILES = """
mutation MarkRunFilesUploaded ($entity: String!, $project: String!, $run: String!, $files: [String!]!) {
  markRunFilesUploaded(input: {entityName: $entity, projectName: $project, runName: $run, files: $files}) { success }
}
"""
RUN_FILES = """
query RunFiles($project: String!, $entity: String!, $name: String!, $fileCursor: String, $fileLimit: Int = 50,
  $fileNames: [String] = [], $upload: Boolean = false, $pattern: String) {
  project(name: $project, entityName: $entity) { internalId run(name: $name) { fileCount ...RunFilesFragment } }
}
fragment RunFilesFragment on Run {
  files(names: $fileNames, after: $fileCursor, first: $fileLimit, pattern: $pattern) {
    edges { node { id name url(upload: $upload) directUrl sizeBytes mimetype updatedAt md5 } cursor }
    pageInfo { endCursor hasNextPage }
  }
}
"""
UPLOAD_URLS_0_13 = """
query RunUploadUrls($name: String!, $files: [String]!, $entity: String, $run: String!, $description: String) {
  model(name: $name, entityName: $entity) {
    bucket(name: $run, desc: $description) {
      id files(names: $files) { uploadHeaders edges { node { name url(upload: true) updatedAt } } }
    }
  }
}
"""
DELETE_FILES = """
mutation deleteFiles($files: [ID!]!, $projectId: Int) {
  deleteFiles(input: { files: $files projectId: $projectId }) { success }
}
"""
