{{/* Where the shared state is. */}}

{{- define "codex-gateway.redis.fullname" -}}
{{- printf "%s-redis" (include "codex-gateway.fullname" .) -}}
{{- end -}}

{{- define "codex-gateway.redis.selectorLabels" -}}
app.kubernetes.io/name: {{ include "codex-gateway.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: redis
{{- end -}}

{{- define "codex-gateway.redis.labels" -}}
{{ include "codex-gateway.redis.selectorLabels" . }}
{{ include "codex-gateway.commonLabels" . }}
{{- end -}}

{{- define "codex-gateway.redis.secret" -}}
{{- default (include "codex-gateway.redis.fullname" .) .Values.redis.passwordSecretName -}}
{{- end -}}

{{/* What externalRedis names: url, host, cluster, sentinel, elsewhere; empty when nothing. */}}
{{- define "codex-gateway.redis.external" -}}
{{- with .Values.externalRedis -}}
{{- if .url -}}url
{{- else if .host -}}host
{{- else if .clusterNodes -}}cluster
{{- else if .sentinel.nodes -}}sentinel
{{- else if .configuredElsewhere -}}elsewhere
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Whether replicas share a Redis, as far as the chart can know. */}}
{{- define "codex-gateway.redis.isShared" -}}
{{- $env := concat (keys .Values.envVars) (include "codex-gateway.extraEnvNames" . | fromJsonArray) -}}
{{- $router := dig "router_settings" dict (default dict .Values.proxy_config) -}}
{{- $cache := dig "litellm_settings" "cache_params" dict (default dict .Values.proxy_config) -}}
{{- if or .Values.redis.enabled (include "codex-gateway.redis.external" .) (has "REDIS_URL" $env) (has "REDIS_HOST" $env) -}}
true
{{- else if or (hasKey $router "redis_host") (hasKey $router "redis_url") (hasKey $cache "host") (hasKey $cache "url") (hasKey $cache "redis_startup_nodes") (hasKey $cache "sentinel_nodes") -}}
true
{{- end -}}
{{- end -}}

{{- define "codex-gateway.extraEnvNames" -}}
{{- $names := list -}}
{{- range default list .Values.extraEnvVars -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- toJson $names -}}
{{- end -}}

{{/* REDIS_URL, without a password; empty when the file or somebody else says where Redis is. An IPv6 address gets the brackets that it needs there. */}}
{{- define "codex-gateway.redis.url" -}}
{{- $kind := include "codex-gateway.redis.external" . -}}
{{- if .Values.redis.enabled -}}
{{- printf "%s://gateway@%s:6379" (ternary "rediss" "redis" (ne .Values.redis.tls.secretName "")) (include "codex-gateway.redis.fullname" .) -}}
{{- else if eq $kind "url" -}}
{{- .Values.externalRedis.url -}}
{{- else if eq $kind "host" -}}
{{- with .Values.externalRedis -}}
{{- $host := ternary (printf "[%s]" .host) .host (regexMatch "^[^\\[]*:.*:" .host) -}}
{{- printf "%s://%s%s:%v/%v" (ternary "rediss" "redis" .tls) (ternary "" (printf "%s@" (urlquery .username | replace "+" "%20")) (empty .username)) $host .port .db -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* cache_params of a Cluster or of Sentinels, which no variable can name. */}}
{{- define "codex-gateway.cacheParams" -}}
{{- $kind := include "codex-gateway.redis.external" . -}}
{{- if and (not .Values.redis.enabled) (has $kind (list "cluster" "sentinel")) -}}
{{- with .Values.externalRedis -}}
type: redis
ssl: {{ .tls }}
{{- with .username }}
username: {{ . | quote }}
{{- end }}
{{- if eq $kind "cluster" }}
redis_startup_nodes:
{{- range .clusterNodes }}
  - host: {{ regexReplaceAll "^\\[|\\]?:[0-9]+$" . "" | quote }}
    port: {{ regexFind "[0-9]+$" . }}
{{- end }}
{{- else }}
sentinel_nodes:
{{- range .sentinel.nodes }}
  - host: {{ regexReplaceAll "^\\[|\\]?:[0-9]+$" . "" | quote }}
    port: {{ regexFind "[0-9]+$" . }}
{{- end }}
service_name: {{ .sentinel.masterName | quote }}
{{- if .sentinel.passwordSecretName }}
sentinel_password: os.environ/REDIS_SENTINEL_PASSWORD
{{- end }}
{{- end }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Secret and key of the password: "name/key", or empty. */}}
{{- define "codex-gateway.redis.password" -}}
{{- if .Values.redis.enabled -}}
{{- printf "%s/redis_gateway_password" (include "codex-gateway.redis.secret" .) -}}
{{- else if .Values.externalRedis.passwordSecretName -}}
{{- printf "%s/%s" .Values.externalRedis.passwordSecretName .Values.externalRedis.passwordSecretKey -}}
{{- end -}}
{{- end -}}

{{/* Ports that the NetworkPolicy opens toward an external Redis. */}}
{{- define "codex-gateway.redis.ports" -}}
{{- $ports := list -}}
{{- with .Values.externalRedis -}}
{{- if .url -}}
{{- $ports = append $ports (default "6379" (regexFind "[0-9]+$" (regexFind ":[0-9]+$" (regexReplaceAll "^[a-z]+://([^@/]*@)?|[/?].*$" .url "")))) -}}
{{- end -}}
{{- if .host -}}{{- $ports = append $ports (toString .port) -}}{{- end -}}
{{- range concat .clusterNodes .sentinel.nodes -}}{{- $ports = append $ports (regexFind "[0-9]+$" .) -}}{{- end -}}
{{- if .sentinel.nodes -}}{{- $ports = append $ports "6379" -}}{{- end -}}
{{- if and .configuredElsewhere (not .ports) -}}{{- $ports = append $ports "6379" -}}{{- end -}}
{{- range .ports -}}{{- $ports = append $ports (toString .) -}}{{- end -}}
{{- end -}}
{{- $ports | uniq | toJson -}}
{{- end -}}
