{{/* Names, labels and small computations. */}}

{{- define "codex-gateway.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 52 characters, so that suffixes fit. */}}
{{- define "codex-gateway.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "codex-gateway.selectorLabels" -}}
app.kubernetes.io/name: {{ include "codex-gateway.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: gateway
{{- end -}}

{{- define "codex-gateway.commonLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "codex-gateway.labels" -}}
{{ include "codex-gateway.selectorLabels" . }}
{{ include "codex-gateway.commonLabels" . }}
{{- end -}}

{{- define "codex-gateway.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "codex-gateway.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* An image by digest or else by tag: (dict "image" .Values.image "tag" "default tag") */}}
{{- define "codex-gateway.image" -}}
{{- if .image.digest -}}
{{- printf "%s@%s" .image.repository .image.digest -}}
{{- else -}}
{{- printf "%s:%s" .image.repository (default .tag .image.tag) -}}
{{- end -}}
{{- end -}}

{{/* A value that is made once: what the Secret of the release already holds, else random. (dict "root" $ "secret" name "key" key "prefix" "") */}}
{{- define "codex-gateway.madeOnce" -}}
{{- $found := lookup "v1" "Secret" .root.Release.Namespace .secret -}}
{{- $data := dig "data" dict (default dict $found) -}}
{{- if hasKey $data .key -}}
{{- get $data .key -}}
{{- else -}}
{{- printf "%s%s" .prefix (randAlphaNum 48) | b64enc -}}
{{- end -}}
{{- end -}}

{{/*
Master and salt key as the values give them, for a checksum; empty where they were made once or lie in Secrets of the operator.
*/}}
{{- define "codex-gateway.givenKeys" -}}
{{- $master := ternary "" .Values.masterkey (not (empty .Values.masterkeySecretName)) -}}
{{- $salt := ternary "" .Values.saltkey (not (empty .Values.saltkeySecretName)) -}}
{{- if or $master $salt }}{{ printf "%s\n%s" $master $salt }}{{ end -}}
{{- end -}}

{{- define "codex-gateway.masterkeySecret" -}}
{{- default (printf "%s-masterkey" (include "codex-gateway.fullname" .)) .Values.masterkeySecretName -}}
{{- end -}}

{{- define "codex-gateway.saltkeySecret" -}}
{{- default (printf "%s-saltkey" (include "codex-gateway.fullname" .)) .Values.saltkeySecretName -}}
{{- end -}}

{{- define "codex-gateway.configMap" -}}
{{- if .Values.proxyConfigMap.create -}}
{{- printf "%s-config" (include "codex-gateway.fullname" .) -}}
{{- else -}}
{{- .Values.proxyConfigMap.name -}}
{{- end -}}
{{- end -}}

{{- define "codex-gateway.usesClaim" -}}
{{- if .Values.persistence.enabled }}true{{ end -}}
{{- end -}}

{{/* Whole MiB of a quantity such as 1Gi, 512Mi or 1G. */}}
{{- define "codex-gateway.mebibytes" -}}
{{- $text := toString . -}}
{{- $units := dict "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "" 1 -}}
{{- $number := regexFind "^[0-9.]+" $text -}}
{{- $unit := trimPrefix $number $text -}}
{{- if or (eq $number "") (not (hasKey $units $unit)) -}}
{{- fail (printf "resources.limits.memory: %q is no quantity such as 1Gi or 512Mi" $text) -}}
{{- end -}}
{{- divf (mulf (float64 $number) (get $units $unit | float64)) 1048576.0 | floor | int64 -}}
{{- end -}}

{{/* Heap of one process in MiB: 70 % of the memory limit, shared among the workers; the rest is for buffers and code. */}}
{{- define "codex-gateway.heapMebibytes" -}}
{{- $limit := dig "limits" "memory" "" .Values.resources -}}
{{- if $limit -}}
{{- $heap := div (mul (include "codex-gateway.mebibytes" $limit | int64) 70) (mul 100 (int64 .Values.numWorkers)) -}}
{{- if lt (int64 $heap) 96 -}}
{{- fail (printf "resources.limits.memory: %s leaves each of %v processes a heap of %v MiB; give it at least 140 MiB each" $limit .Values.numWorkers $heap) -}}
{{- end -}}
{{- $heap -}}
{{- end -}}
{{- end -}}

{{- define "codex-gateway.mostReplicas" -}}
{{- ternary .Values.autoscaling.maxReplicas .Values.replicaCount .Values.autoscaling.enabled | int -}}
{{- end -}}

{{- define "codex-gateway.trustedProxyHops" -}}
{{- if kindIs "invalid" .Values.trustedProxyHops -}}
{{- ternary 1 0 (or .Values.ingress.enabled .Values.httpRoute.enabled) -}}
{{- else -}}
{{- int .Values.trustedProxyHops -}}
{{- end -}}
{{- end -}}

{{/* config.yaml: what the operator wrote, and where Redis is when only the file can say that. */}}
{{- define "codex-gateway.config" -}}
{{- $config := deepCopy (default dict .Values.proxy_config) -}}
{{- $cache := include "codex-gateway.cacheParams" . | fromYaml -}}
{{- if $cache -}}
{{- $settings := mergeOverwrite (deepCopy (default dict $config.litellm_settings)) (dict "cache" true "cache_params" $cache) -}}
{{- $_ := set $config "litellm_settings" $settings -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{/* A probe: path and times of the value, over HTTP. */}}
{{- define "codex-gateway.probe" -}}
httpGet:
  path: {{ .path }}
  port: http
{{- with omit . "path" }}
{{ toYaml . }}
{{- end }}
{{- end -}}
