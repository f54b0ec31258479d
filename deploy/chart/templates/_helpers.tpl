{{- define "mcpauth.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "mcpauth.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "mcpauth.name" .) .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "mcpauth.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "mcpauth.selector" -}}
app.kubernetes.io/name: {{ include "mcpauth.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "mcpauth.labels" -}}
{{ include "mcpauth.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "mcpauth.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag }}
{{- end }}
{{- end }}

{{- /* The file of the gateway: what the values say, and what the chart decides. */ -}}
{{- define "mcpauth.file" -}}
listen: {{ printf ":%d" (int .Values.port) | quote }}
admin: {{ printf ":%d" (int .Values.adminPort) | quote }}
drain: {delay: {{ int .Values.drain.delaySeconds }}s, grace: {{ int .Values.drain.graceSeconds }}s}
{{- if .Values.tls.secretName }}
tls: {cert: /run/secrets/tls/tls.crt, key: /run/secrets/tls/tls.key}
{{- end }}
{{ toYaml .Values.gateway }}
{{- end }}

{{- /* The hosts of all identifiers, as a JSON list without duplicates. */ -}}
{{- define "mcpauth.hosts" -}}
{{- $hosts := list }}
{{- range .Values.gateway.resources }}
{{- $hosts = append $hosts (index (splitList ":" (urlParse .identifier).host) 0) }}
{{- end }}
{{- $hosts | uniq | toJson }}
{{- end }}
