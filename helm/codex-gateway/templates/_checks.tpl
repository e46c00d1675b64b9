{{/* Values that cannot work together are refused before anything reaches the cluster, each with the way out. */}}
{{- define "codex-gateway.checks" -}}
{{- $external := include "codex-gateway.redis.external" . -}}
{{- $shared := include "codex-gateway.redis.isShared" . -}}
{{- $replicas := include "codex-gateway.mostReplicas" . | int -}}
{{- $least := add (int .Values.drainTimeoutSeconds) 10 -}}
{{- if lt (int .Values.terminationGracePeriodSeconds) (int $least) -}}
{{- fail (printf "terminationGracePeriodSeconds: %v ends the gateway before its streams: it must be at least 10 more than drainTimeoutSeconds (%v), so set it to %v or shorten the drain" (int .Values.terminationGracePeriodSeconds) (int .Values.drainTimeoutSeconds) $least) -}}
{{- end -}}
{{- if and (gt $replicas 1) (not $shared) -}}
{{- fail (printf "replicaCount, autoscaling: %v replicas need a Redis to share: set redis.enabled, externalRedis, or externalRedis.configuredElsewhere when environmentSecrets or your own ConfigMap name one" $replicas) -}}
{{- end -}}
{{- if and (gt (int .Values.numWorkers) 1) (not $shared) -}}
{{- fail (printf "numWorkers: %v processes share their state in a Redis only: set redis.enabled or externalRedis, or take 1" (int .Values.numWorkers)) -}}
{{- end -}}
{{- if and (include "codex-gateway.usesClaim" .) (gt $replicas 1) -}}
{{- fail "persistence.enabled: is for one replica; several keep their state in Redis" -}}
{{- end -}}
{{- if and .Values.redis.enabled $external -}}
{{- fail "externalRedis: names a Redis while the chart brings its own; set redis.enabled to false" -}}
{{- end -}}
{{- range list "REDIS_URL" "REDIS_HOST" -}}
{{- if and $.Values.redis.enabled (or (hasKey $.Values.envVars .) (has . (include "codex-gateway.extraEnvNames" $ | fromJsonArray))) -}}
{{- fail (printf "envVars, extraEnvVars: %s names a Redis while the chart brings its own; set redis.enabled to false" .) -}}
{{- end -}}
{{- end -}}
{{- if ne .Values.redis.architecture "standalone" -}}
{{- fail "redis.architecture: only standalone; a Redis with replicas is an externalRedis" -}}
{{- end -}}
{{- if regexMatch "^[a-z]+://[^/@]*:[^/@]*@" .Values.externalRedis.url -}}
{{- fail "externalRedis.url: holds a password; put it into a Secret and name that in externalRedis.passwordSecretName" -}}
{{- end -}}
{{- if and .Values.externalRedis.sentinel.nodes (not .Values.externalRedis.sentinel.masterName) -}}
{{- fail "externalRedis.sentinel.masterName: is needed with Sentinels, which know the master by it" -}}
{{- end -}}
{{- if and (has $external (list "cluster" "sentinel")) (not .Values.proxyConfigMap.create) -}}
{{- fail "externalRedis: a Cluster or Sentinels are written into the config.yaml of this chart; with proxyConfigMap.create=false name them in your own (cache_params) and set externalRedis.configuredElsewhere" -}}
{{- end -}}
{{- if and (not .Values.proxyConfigMap.create) (not .Values.proxyConfigMap.name) -}}
{{- fail "proxyConfigMap.name: is needed when create is false" -}}
{{- end -}}
{{- if and .Values.credentials.authJson.secretName .Values.credentials.accessToken.secretName -}}
{{- fail "credentials: authJson and accessToken are both set; keep one, and name further logins in proxy_config.credential_list" -}}
{{- end -}}
{{- if and .Values.credentials.authJson.secretName (not $shared) (not .Values.persistence.enabled) -}}
{{- fail "credentials.authJson: its tokens are renewed, and a Secret is never written; give the gateway a Redis or persistence.enabled to keep them in" -}}
{{- end -}}
{{- if and .Values.extraCa.configMapName .Values.extraCa.secretName -}}
{{- fail "extraCa: name a ConfigMap or a Secret, not both" -}}
{{- end -}}
{{- if and .Values.ingress.enabled .Values.httpRoute.enabled -}}
{{- fail "ingress, httpRoute: two ways in for the same hosts; enable one" -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.gatewayName) -}}
{{- fail "httpRoute.gatewayName: is needed" -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled (gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) -}}
{{- fail "autoscaling.minReplicas: is more than maxReplicas" -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled (not .Values.autoscaling.targetCPUUtilizationPercentage) (not .Values.autoscaling.targetMemoryUtilizationPercentage) (not .Values.autoscaling.targetInFlightRequests) -}}
{{- fail "autoscaling: names no target to scale by" -}}
{{- end -}}
{{- if and .Values.pdb.enabled (kindIs "invalid" .Values.pdb.minAvailable) (kindIs "invalid" .Values.pdb.maxUnavailable) -}}
{{- fail "pdb: set minAvailable or maxUnavailable" -}}
{{- end -}}
{{- if or (hasKey .Values.envVars "ADMIN_PORT") (has "ADMIN_PORT" (include "codex-gateway.extraEnvNames" . | fromJsonArray)) -}}
{{- fail "envVars, extraEnvVars: ADMIN_PORT opens a port that the Service, the NetworkPolicy and the ServiceMonitor of this chart do not know; leave it out, and keep management inside with the paths of your ingress" -}}
{{- end -}}
{{- range $name, $instead := dict "PORT" "service.port" "DRAIN_TIMEOUT_SECONDS" "drainTimeoutSeconds" "TERMINATION_GRACE_PERIOD_SECONDS" "terminationGracePeriodSeconds" "REPLICA_COUNT" "replicaCount" "NUM_WORKERS" "numWorkers" "CONFIG_FILE_PATH" "proxyConfigMap" "STATE_DIR" "persistence" "TRUSTED_PROXY_HOPS" "trustedProxyHops" "REDIS_KEY_PREFIX" "redis.keyPrefix" "NODE_EXTRA_CA_CERTS" "extraCa" -}}
{{- if or (hasKey $.Values.envVars $name) (has $name (include "codex-gateway.extraEnvNames" $ | fromJsonArray)) -}}
{{- fail (printf "envVars, extraEnvVars: %s is set by the chart; use the value %s" $name $instead) -}}
{{- end -}}
{{- end -}}
{{- end -}}
