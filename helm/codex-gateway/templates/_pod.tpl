{{/* Environment of the gateway. What the values name, themselves or by file, stands in the place of the chart's own: no name is there twice. */}}
{{- define "codex-gateway.env" -}}
{{- $extra := include "codex-gateway.extraEnvNames" . | fromJsonArray -}}
{{- $yours := concat (keys .Values.envVars) $extra -}}
{{- $own := list -}}
{{- range include "codex-gateway.ownEnv" . | fromYamlArray -}}
{{- if not (or (has .name $yours) (has (trimSuffix "_FILE" .name) $yours)) -}}{{- $own = append $own . -}}{{- end -}}
{{- end -}}
{{ toYaml $own }}
{{- range $name, $value := .Values.envVars }}
{{- if not (has $name $extra) }}
{{- /* Helm reads numbers as floating point, and would write a million as 1e+06. */}}
- name: {{ $name }}
  value: {{ ternary (printf "%.0f" $value) (toString $value) (and (kindIs "float64" $value) (eq (toString (floor $value)) (toString $value))) | quote }}
{{- end }}
{{- end }}
{{- with .Values.extraEnvVars }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What the chart sets. Secrets come by file, so that none stands in the environment of the process. */}}
{{- define "codex-gateway.ownEnv" -}}
- name: PORT
  value: "4000"
- name: CONFIG_FILE_PATH
  value: /etc/codex-gateway/{{ .Values.proxyConfigMap.key }}
- name: STATE_DIR
  value: /state
- name: NUM_WORKERS
  value: {{ .Values.numWorkers | quote }}
- name: LOG_LEVEL
  value: {{ .Values.logLevel | quote }}
- name: DRAIN_TIMEOUT_SECONDS
  value: {{ .Values.drainTimeoutSeconds | quote }}
- name: TERMINATION_GRACE_PERIOD_SECONDS
  value: {{ .Values.terminationGracePeriodSeconds | quote }}
- name: REPLICA_COUNT
  value: {{ include "codex-gateway.mostReplicas" . | quote }}
- name: TRUSTED_PROXY_HOPS
  value: {{ include "codex-gateway.trustedProxyHops" . | quote }}
# LITELLM_MASTER_KEY from environmentSecrets would win over the first; configuration files of LiteLLM's chart name the second.
- name: GATEWAY_MASTER_KEY_FILE
  value: /run/secrets/codex-gateway/masterkey
- name: PROXY_MASTER_KEY_FILE
  value: /run/secrets/codex-gateway/masterkey
- name: GATEWAY_SALT_KEY_FILE
  value: /run/secrets/codex-gateway/saltkey
{{- if .Values.saltkeyPreviousSecretKey }}
- name: GATEWAY_SALT_KEY_PREVIOUS_FILE
  value: /run/secrets/codex-gateway/saltkey-previous
{{- end }}
{{- if include "codex-gateway.redis.isShared" . }}
- name: REDIS_KEY_PREFIX
  value: {{ .Values.redis.keyPrefix | quote }}
{{- end }}
{{- with include "codex-gateway.redis.url" . }}
- name: REDIS_URL
  value: {{ . | quote }}
{{- end }}
{{- if include "codex-gateway.redis.password" . }}
- name: REDIS_PASSWORD_FILE
  value: /run/secrets/codex-gateway/redis-password
{{- end }}
{{- if and (not .Values.redis.enabled) .Values.externalRedis.sentinel.passwordSecretName }}
- name: REDIS_SENTINEL_PASSWORD_FILE
  value: /run/secrets/codex-gateway/sentinel-password
{{- end }}
{{- if .Values.credentials.authJson.secretName }}
- name: CODEX_AUTH_FILE
  value: /run/secrets/codex-login/auth.json
{{- end }}
{{- if .Values.credentials.accessToken.secretName }}
- name: CODEX_ACCESS_TOKEN_FILE
  value: /run/secrets/codex-gateway/access-token
{{- end }}
{{- if include "codex-gateway.hasExtraCa" . }}
- name: NODE_EXTRA_CA_CERTS
  value: /etc/codex-gateway-ca/ca.crt
{{- end }}
{{- if not (hasKey .Values.envVars "NODE_OPTIONS") }}
{{- with include "codex-gateway.heapMebibytes" . }}
- name: NODE_OPTIONS
  value: --max-old-space-size={{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "codex-gateway.hasExtraCa" -}}
{{- if or .Values.extraCa.configMapName .Values.extraCa.secretName (and .Values.redis.enabled .Values.redis.tls.secretName) }}true{{ end -}}
{{- end -}}

{{- define "codex-gateway.volumeMounts" -}}
- name: config
  mountPath: /etc/codex-gateway
  readOnly: true
- name: state
  mountPath: /state
- name: secrets
  mountPath: /run/secrets/codex-gateway
  readOnly: true
{{- if .Values.credentials.authJson.secretName }}
- name: codex-login
  mountPath: /run/secrets/codex-login
  readOnly: true
{{- end }}
{{- if include "codex-gateway.hasExtraCa" . }}
- name: extra-ca
  mountPath: /etc/codex-gateway-ca
  readOnly: true
{{- end }}
{{- with .Values.volumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "codex-gateway.volumes" -}}
# A folder, not single files, so that changes arrive while pods run.
- name: config
  configMap:
    name: {{ include "codex-gateway.configMap" . }}
- name: state
  {{- if include "codex-gateway.usesClaim" . }}
  persistentVolumeClaim:
    claimName: {{ default (printf "%s-state" (include "codex-gateway.fullname" .)) .Values.persistence.existingClaim }}
  {{- else }}
  emptyDir:
    sizeLimit: 1Gi
  {{- end }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- include "codex-gateway.secretSource" (dict "name" (include "codex-gateway.masterkeySecret" .) "key" (default "masterkey" .Values.masterkeySecretKey) "path" "masterkey") | nindent 6 }}
      {{- $salt := include "codex-gateway.saltkeySecret" . }}
      {{- include "codex-gateway.secretSource" (dict "name" $salt "key" (default "saltkey" .Values.saltkeySecretKey) "path" "saltkey") | nindent 6 }}
      {{- with .Values.saltkeyPreviousSecretKey }}
      {{- include "codex-gateway.secretSource" (dict "name" $salt "key" . "path" "saltkey-previous") | nindent 6 }}
      {{- end }}
      {{- with include "codex-gateway.redis.password" . }}
      {{- $place := splitList "/" . }}
      {{- include "codex-gateway.secretSource" (dict "name" (first $place) "key" (last $place) "path" "redis-password") | nindent 6 }}
      {{- end }}
      {{- if not .Values.redis.enabled }}
      {{- with .Values.externalRedis.sentinel }}
      {{- if .passwordSecretName }}
      {{- include "codex-gateway.secretSource" (dict "name" .passwordSecretName "key" .passwordSecretKey "path" "sentinel-password") | nindent 6 }}
      {{- end }}
      {{- end }}
      {{- end }}
      {{- with .Values.credentials.accessToken }}
      {{- if .secretName }}
      {{- include "codex-gateway.secretSource" (dict "name" .secretName "key" .key "path" "access-token") | nindent 6 }}
      {{- end }}
      {{- end }}
{{- with .Values.credentials.authJson }}
{{- if .secretName }}
- name: codex-login
  secret:
    secretName: {{ .secretName }}
    defaultMode: 0440
    items:
      - key: {{ .key }}
        path: auth.json
{{- end }}
{{- end }}
{{- if include "codex-gateway.hasExtraCa" . }}
- name: extra-ca
  {{- if .Values.extraCa.configMapName }}
  configMap:
    name: {{ .Values.extraCa.configMapName }}
    items:
      - key: {{ .Values.extraCa.key }}
        path: ca.crt
  {{- else }}
  secret:
    secretName: {{ default .Values.redis.tls.secretName .Values.extraCa.secretName }}
    items:
      - key: {{ ternary .Values.extraCa.key "ca.crt" (ne .Values.extraCa.secretName "") }}
        path: ca.crt
  {{- end }}
{{- end }}
{{- with .Values.volumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "codex-gateway.secretSource" -}}
- secret:
    name: {{ .name }}
    items:
      - key: {{ .key }}
        path: {{ .path }}
{{- end -}}

{{- define "codex-gateway.spread" -}}
{{- if .Values.topologySpreadConstraints -}}
{{ toYaml .Values.topologySpreadConstraints }}
{{- else -}}
{{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
- maxSkew: 1
  topologyKey: {{ $key }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "codex-gateway.selectorLabels" $ | nindent 6 }}
{{- end }}
{{- end -}}
{{- end -}}
