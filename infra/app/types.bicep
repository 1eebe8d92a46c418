// Shapes of what main.bicep hands to its parts: a name or a kind that is not there ends the build, before Azure is asked.

@export()
@description('Tags of a resource, by name.')
type tagsOf = {
  *: string
}

@export()
@description('Settings of the app, by name, each value as text: docs/settings.md.')
type settingsOf = {
  *: string
}

@export()
@description('private: own network, fixed outbound addresses, private endpoints. public: none of these.')
type networkKind = 'private' | 'public'
