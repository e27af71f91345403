package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	storage "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	storagelisters "k8s.io/client-go/listers/storage/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/workqueue"
)

const (
	nodeName = "fakenode"
	// behaviourKey on a pod: "exit:3", "exit:3:message", "hang" (a job never ends), "unready", "slow:SECONDS",
	// "stops:SECONDS" (a server that is deleted ends its work first, within its grace period).
	// On the node, which no configuration under test owns: a list of [NAMESPACE/]POD-NAME-PREFIX=BEHAVIOUR,
	// `ring1-init=exit:3,demo/airflow-worker=unready`. The pod's own wins, then the last that matches.
	behaviourKey = "fakenode.local/behaviour"
	// Airflow's init container of this name ends once a container with this command has ended well in the namespace.
	// The one thing known about Airflow here: without it a chart that deadlocks on its hooks would look fine.
	waitForMigrations = "wait-for-airflow-migrations"
	migration         = "airflow db migrate"
	provisionedBy     = "pv.kubernetes.io/provisioned-by"
	retry             = 500 * time.Millisecond
	jobRunsFor        = time.Second
)

type node struct {
	client     kubernetes.Interface
	port       int
	migrated   sync.Map // namespace UID
	scheduling sync.Mutex
	bound      map[types.UID]bool // by this scheduler, whether or not the informer has seen it
	queue      workqueue.TypedRateLimitingInterface[string]
	pods       corelisters.PodLister
	claims     corelisters.PersistentVolumeClaimLister
	volumes    corelisters.PersistentVolumeLister
	secrets    corelisters.SecretLister
	configs    corelisters.ConfigMapLister
	namespaces corelisters.NamespaceLister
	services   corelisters.ServiceLister
	nodes      corelisters.NodeLister
	classes    storagelisters.StorageClassLister
}

func run(ctx context.Context, dir string) error {
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(dir, "kubeconfig"))
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 200, 400
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(os.Getenv("KUBELET_PORT"))
	if err != nil {
		return fmt.Errorf("KUBELET_PORT: %w", err)
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	coreV1 := factory.Core().V1()
	n := &node{
		client:     client,
		port:       port,
		bound:      map[types.UID]bool{},
		queue:      workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[string]()),
		pods:       coreV1.Pods().Lister(),
		claims:     coreV1.PersistentVolumeClaims().Lister(),
		volumes:    coreV1.PersistentVolumes().Lister(),
		secrets:    coreV1.Secrets().Lister(),
		configs:    coreV1.ConfigMaps().Lister(),
		namespaces: coreV1.Namespaces().Lister(),
		services:   coreV1.Services().Lister(),
		nodes:      coreV1.Nodes().Lister(),
		classes:    factory.Storage().V1().StorageClasses().Lister(),
	}
	watch := func(kind string, informer cache.SharedIndexInformer) error {
		_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(o any) { n.enqueue(kind, o) },
			UpdateFunc: func(_, o any) { n.enqueue(kind, o) },
		})
		return err
	}
	for kind, informer := range map[string]cache.SharedIndexInformer{
		"pod":     coreV1.Pods().Informer(),
		"claim":   coreV1.PersistentVolumeClaims().Informer(),
		"volume":  coreV1.PersistentVolumes().Informer(),
		"service": coreV1.Services().Informer(),
	} {
		if err := watch(kind, informer); err != nil {
			return err
		}
	}
	if err := n.register(ctx); err != nil {
		return err
	}
	if err := serveLogs(ctx, n, dir); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	for range 4 {
		go n.work(ctx)
	}
	<-ctx.Done()
	n.queue.ShutDown()
	return nil
}

func (n *node) enqueue(kind string, object any) {
	if key, err := cache.MetaNamespaceKeyFunc(object); err == nil {
		n.queue.Add(kind + " " + key)
	}
}

func (n *node) work(ctx context.Context) {
	for {
		item, quit := n.queue.Get()
		if quit {
			return
		}
		kind, key, _ := strings.Cut(item, " ")
		namespace, name, _ := cache.SplitMetaNamespaceKey(key)
		var again time.Duration
		var err error
		switch kind {
		case "pod":
			again, err = n.syncPod(ctx, namespace, name)
		case "claim":
			err = n.syncClaim(ctx, namespace, name)
		case "volume":
			err = n.syncVolume(ctx, name)
		case "service":
			err = n.syncService(ctx, namespace, name)
		}
		n.queue.Done(item)
		switch {
		case apierrors.IsNotFound(err), apierrors.IsConflict(err), err == nil:
			n.queue.Forget(item)
			if again > 0 {
				n.queue.AddAfter(item, again)
			}
		default:
			fmt.Fprintln(os.Stderr, item, err)
			n.queue.AddRateLimited(item)
		}
	}
}

func (n *node) register(ctx context.Context) error {
	room := core.ResourceList{
		core.ResourceCPU: resource.MustParse("64"), core.ResourceMemory: resource.MustParse("256Gi"),
		core.ResourcePods: resource.MustParse("500"), core.ResourceEphemeralStorage: resource.MustParse("500Gi"),
	}
	object := &core.Node{
		ObjectMeta: meta.ObjectMeta{Name: nodeName, Labels: map[string]string{
			core.LabelOSStable: "linux", core.LabelArchStable: "amd64", core.LabelHostname: nodeName, "kubernetes.azure.com/mode": "system",
		}},
	}
	created, err := n.client.CoreV1().Nodes().Create(ctx, object, meta.CreateOptions{})
	if err != nil {
		return err
	}
	created.ResourceVersion = "" // other controllers write to a new node at the same time
	created.Status = core.NodeStatus{
		Capacity: room, Allocatable: room,
		Conditions: []core.NodeCondition{{Type: core.NodeReady, Status: core.ConditionTrue, Reason: "KubeletReady",
			LastHeartbeatTime: meta.Now(), LastTransitionTime: meta.Now()}},
		Addresses:       []core.NodeAddress{{Type: core.NodeInternalIP, Address: "127.0.0.1"}, {Type: core.NodeHostName, Address: nodeName}},
		DaemonEndpoints: core.NodeDaemonEndpoints{KubeletEndpoint: core.DaemonEndpoint{Port: int32(n.port)}},
		NodeInfo:        core.NodeSystemInfo{OperatingSystem: "linux", Architecture: "amd64", KubeletVersion: "fakenode"},
	}
	if created, err = n.client.CoreV1().Nodes().UpdateStatus(ctx, created, meta.UpdateOptions{}); err != nil {
		return err
	}
	created.ResourceVersion, created.Spec.Taints = "", nil // not-ready, put there by admission: the controller that would lift it is off
	_, err = n.client.CoreV1().Nodes().Update(ctx, created, meta.UpdateOptions{})
	return err
}

// --- pods

func (n *node) syncPod(ctx context.Context, namespace, name string) (time.Duration, error) {
	pod, err := n.pods.Pods(namespace).Get(name)
	if err != nil {
		return 0, err
	}
	api := n.client.CoreV1().Pods(namespace)
	if pod.DeletionTimestamp != nil {
		if left := n.stopping(pod); left > 0 {
			return left, nil
		}
		return 0, api.Delete(ctx, name, *meta.NewDeleteOptions(0))
	}
	if pod.Status.Phase == core.PodSucceeded || pod.Status.Phase == core.PodFailed {
		return 0, nil
	}
	if pod.Spec.NodeName == "" {
		n.scheduling.Lock()
		defer n.scheduling.Unlock()
		why := n.unbound(ctx, pod)
		if why == "" {
			why = n.repelled(pod)
		}
		if why != "" {
			next := pod.DeepCopy()
			condition(&next.Status, core.PodScheduled, false, "Unschedulable", why)
			return retry, n.update(ctx, pod, next)
		}
		n.bound[pod.UID] = true
		return 0, api.Bind(ctx, &core.Binding{
			ObjectMeta: meta.ObjectMeta{Name: name, Namespace: namespace, UID: pod.UID},
			Target:     core.ObjectReference{Kind: "Node", Name: nodeName},
		}, meta.CreateOptions{})
	}
	next := pod.DeepCopy()
	again := n.advance(next)
	return again, n.update(ctx, pod, next)
}

// stopping is how long a deleted pod still runs.
func (n *node) stopping(pod *core.Pod) time.Duration {
	kind, value := n.behaviour(pod)
	if kind != "stops" || pod.DeletionGracePeriodSeconds == nil || pod.Status.Phase != core.PodRunning {
		return 0
	}
	seconds, _ := strconv.ParseInt(value, 10, 64)
	grace := *pod.DeletionGracePeriodSeconds
	return time.Until(pod.DeletionTimestamp.Add(time.Duration(min(seconds, grace)-grace) * time.Second))
}

// repelled is the scheduler's rule of required pod anti-affinity, which looks both ways and does not count ended pods.
func (n *node) repelled(pod *core.Pod) string {
	others, err := n.pods.Pods(pod.Namespace).List(labels.Everything())
	if err != nil {
		return err.Error()
	}
	for _, other := range others {
		ended := other.Status.Phase == core.PodSucceeded || other.Status.Phase == core.PodFailed
		if other.UID == pod.UID || ended || (other.Spec.NodeName == "" && !n.bound[other.UID]) {
			continue
		}
		if n.repels(pod, other) || n.repels(other, pod) {
			return "0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules."
		}
	}
	return ""
}

func (n *node) repels(pod, other *core.Pod) bool {
	here, err := n.nodes.Get(nodeName)
	if err != nil || pod.Spec.Affinity == nil || pod.Spec.Affinity.PodAntiAffinity == nil {
		return false
	}
	for _, term := range pod.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution {
		selector, err := meta.LabelSelectorAsSelector(term.LabelSelector)
		if _, has := here.Labels[term.TopologyKey]; err == nil && has && selector.Matches(labels.Set(other.Labels)) {
			return true
		}
	}
	return false
}

func (n *node) update(ctx context.Context, was, is *core.Pod) error {
	if equality.Semantic.DeepEqual(was.Status, is.Status) {
		return nil
	}
	_, err := n.client.CoreV1().Pods(is.Namespace).UpdateStatus(ctx, is, meta.UpdateOptions{})
	return err
}

// advance writes into pod.Status what a kubelet would report now, and says when to look again.
func (n *node) advance(pod *core.Pod) time.Duration {
	status := &pod.Status
	kind, value := n.behaviour(pod)
	if status.StartTime == nil {
		now := meta.Now()
		status.StartTime = &now
		status.HostIP = "127.0.0.1"
		status.HostIPs = []core.HostIP{{IP: status.HostIP}}
	}
	status.Phase = core.PodPending
	inits, mains := pod.Spec.InitContainers, pod.Spec.Containers
	status.InitContainerStatuses = statuses(status.InitContainerStatuses, inits)
	status.ContainerStatuses = statuses(status.ContainerStatuses, mains)
	condition(status, core.PodInitialized, len(inits) == 0, "ContainersNotInitialized", "")
	condition(status, core.PodReady, false, "ContainersNotReady", "")
	condition(status, core.ContainersReady, false, "ContainersNotReady", "")

	if why := n.unmountable(pod); why != "" {
		for i := range status.ContainerStatuses {
			wait(&status.ContainerStatuses[i], "ContainerCreating", why)
		}
		condition(status, core.PodReady, false, "ContainersNotReady", why)
		return retry
	}
	for i := range inits {
		state := &status.InitContainerStatuses[i]
		if state.State.Terminated != nil {
			continue
		}
		if why := n.unconfigurable(pod, inits[i]); why != "" {
			wait(state, "CreateContainerConfigError", why)
			return retry
		}
		start(state)
		switch {
		case inits[i].RestartPolicy != nil && *inits[i].RestartPolicy == core.ContainerRestartPolicyAlways:
			state.Ready = true
		case inits[i].Name == waitForMigrations && !n.isMigrated(pod.Namespace):
			return retry
		default:
			finish(state, 0, "")
		}
	}
	condition(status, core.PodInitialized, true, "", "")
	var stuck bool
	for i := range mains {
		if why := n.unconfigurable(pod, mains[i]); why != "" && status.ContainerStatuses[i].State.Running == nil {
			wait(&status.ContainerStatuses[i], "CreateContainerConfigError", why)
			stuck = true
			continue
		}
		start(&status.ContainerStatuses[i])
	}
	if stuck {
		return retry
	}
	status.Phase = core.PodRunning
	if status.PodIP == "" {
		status.PodIP = fmt.Sprintf("10.244.%d.%d", time.Now().UnixNano()/1000%250, time.Now().UnixNano()/7%250+1)
		status.PodIPs = []core.PodIP{{IP: status.PodIP}}
	}
	ready := kind != "unready"
	for i := range status.ContainerStatuses {
		status.ContainerStatuses[i].Ready = ready
	}
	if ready {
		condition(status, core.PodReady, true, "", "")
		condition(status, core.ContainersReady, true, "", "")
	}
	if pod.Spec.RestartPolicy == core.RestartPolicyAlways || kind == "hang" {
		return 2 * time.Second // behaviour can be changed while it runs
	}

	runs := jobRunsFor
	if kind == "slow" {
		seconds, _ := strconv.Atoi(value)
		runs = time.Duration(seconds) * time.Second
	}
	began := status.ContainerStatuses[0].State.Running.StartedAt.Time
	if left := runs - time.Since(began); left > 0 {
		return left
	}
	code, message := 0, ""
	if kind == "exit" {
		text, said, _ := strings.Cut(value, ":")
		code, _ = strconv.Atoi(text)
		message = said
	}
	if code != 0 && pod.Spec.RestartPolicy == core.RestartPolicyOnFailure {
		for i := range status.ContainerStatuses {
			state := &status.ContainerStatuses[i]
			finish(state, int32(code), message)
			state.LastTerminationState, state.State = state.State, core.ContainerState{}
			start(state)
			state.RestartCount++
		}
		return jobRunsFor
	}
	for i := range status.ContainerStatuses {
		finish(&status.ContainerStatuses[i], int32(code), message)
	}
	condition(status, core.PodReady, false, "PodCompleted", "")
	condition(status, core.ContainersReady, false, "PodCompleted", "")
	if code != 0 {
		status.Phase = core.PodFailed
		return 0
	}
	status.Phase = core.PodSucceeded
	n.noteMigration(pod)
	return 0
}

func (n *node) behaviour(pod *core.Pod) (kind, value string) {
	own := pod.Annotations[behaviourKey]
	if node, err := n.nodes.Get(nodeName); own == "" && err == nil {
		for _, rule := range strings.Split(node.Annotations[behaviourKey], ",") {
			prefix, what, _ := strings.Cut(strings.TrimSpace(rule), "=")
			if prefix != "" && (strings.HasPrefix(pod.Name, prefix) || strings.HasPrefix(pod.Namespace+"/"+pod.Name, prefix)) {
				own = what
			}
		}
	}
	kind, value, _ = strings.Cut(own, ":")
	return kind, value
}

// noteMigration remembers by namespace, for the job itself may be deleted by its TTL.
func (n *node) noteMigration(pod *core.Pod) {
	for _, c := range pod.Spec.Containers {
		words := strings.Fields(strings.ReplaceAll(strings.Join(append(c.Command, c.Args...), " "), "\\\n", " "))
		if namespace, err := n.namespaces.Get(pod.Namespace); err == nil && strings.Contains(strings.Join(words, " "), migration) {
			n.migrated.Store(namespace.UID, true)
		}
	}
}

func (n *node) isMigrated(namespace string) bool {
	found, err := n.namespaces.Get(namespace)
	if err != nil {
		return false
	}
	_, ok := n.migrated.Load(found.UID)
	return ok
}

// unmountable says why a volume cannot be mounted, in the kubelet's words.
func (n *node) unmountable(pod *core.Pod) string {
	missing := func(volume, what, name string) string {
		return fmt.Sprintf("MountVolume.SetUp failed for volume %q : %s %q not found", volume, what, name)
	}
	for _, volume := range pod.Spec.Volumes {
		var secrets, configs []string
		if s := volume.Secret; s != nil && !optional(s.Optional) {
			secrets = append(secrets, s.SecretName)
		}
		if c := volume.ConfigMap; c != nil && !optional(c.Optional) {
			configs = append(configs, c.Name)
		}
		if volume.Projected != nil {
			for _, source := range volume.Projected.Sources {
				if source.Secret != nil && !optional(source.Secret.Optional) {
					secrets = append(secrets, source.Secret.Name)
				}
				if source.ConfigMap != nil && !optional(source.ConfigMap.Optional) {
					configs = append(configs, source.ConfigMap.Name)
				}
			}
		}
		for _, name := range secrets {
			if _, err := n.secrets.Secrets(pod.Namespace).Get(name); err != nil {
				return missing(volume.Name, "secret", name)
			}
		}
		for _, name := range configs {
			if _, err := n.configs.ConfigMaps(pod.Namespace).Get(name); err != nil {
				return missing(volume.Name, "configmap", name)
			}
		}
	}
	return ""
}

// unconfigurable says which Secret, ConfigMap or key that the environment names is not there.
func (n *node) unconfigurable(pod *core.Pod, container core.Container) string {
	secret := func(name, key string, skip *bool) string {
		found, err := n.secrets.Secrets(pod.Namespace).Get(name)
		if optional(skip) {
			return ""
		}
		if err != nil {
			return fmt.Sprintf("secret %q not found", name)
		}
		if _, ok := found.Data[key]; key != "" && !ok {
			return fmt.Sprintf("couldn't find key %s in Secret %s/%s", key, pod.Namespace, name)
		}
		return ""
	}
	config := func(name, key string, skip *bool) string {
		found, err := n.configs.ConfigMaps(pod.Namespace).Get(name)
		if optional(skip) {
			return ""
		}
		if err != nil {
			return fmt.Sprintf("configmap %q not found", name)
		}
		if _, ok := found.Data[key]; key != "" && !ok {
			return fmt.Sprintf("couldn't find key %s in ConfigMap %s/%s", key, pod.Namespace, name)
		}
		return ""
	}
	for _, from := range container.EnvFrom {
		why := ""
		if from.SecretRef != nil {
			why = secret(from.SecretRef.Name, "", from.SecretRef.Optional)
		} else if from.ConfigMapRef != nil {
			why = config(from.ConfigMapRef.Name, "", from.ConfigMapRef.Optional)
		}
		if why != "" {
			return why
		}
	}
	for _, variable := range container.Env {
		if variable.ValueFrom == nil {
			continue
		}
		why := ""
		if ref := variable.ValueFrom.SecretKeyRef; ref != nil {
			why = secret(ref.Name, ref.Key, ref.Optional)
		} else if ref := variable.ValueFrom.ConfigMapKeyRef; ref != nil {
			why = config(ref.Name, ref.Key, ref.Optional)
		}
		if why != "" {
			return why
		}
	}
	return ""
}

func optional(b *bool) bool { return b != nil && *b }

func statuses(have []core.ContainerStatus, containers []core.Container) []core.ContainerStatus {
	if len(have) == len(containers) {
		return have
	}
	var all []core.ContainerStatus
	for _, c := range containers {
		all = append(all, core.ContainerStatus{Name: c.Name, Image: c.Image, ImageID: "fakenode://" + c.Image,
			State: core.ContainerState{Waiting: &core.ContainerStateWaiting{Reason: "PodInitializing"}}})
	}
	return all
}

func wait(s *core.ContainerStatus, reason, message string) {
	s.State = core.ContainerState{Waiting: &core.ContainerStateWaiting{Reason: reason, Message: message}}
}

func start(s *core.ContainerStatus) {
	if s.State.Running == nil {
		yes := true
		s.State = core.ContainerState{Running: &core.ContainerStateRunning{StartedAt: meta.Now()}}
		s.Started = &yes
	}
}

func finish(s *core.ContainerStatus, code int32, message string) {
	reason := "Completed"
	if code != 0 {
		reason = "Error"
	}
	no := false
	began := meta.Now()
	if s.State.Running != nil {
		began = s.State.Running.StartedAt
	}
	s.State = core.ContainerState{Terminated: &core.ContainerStateTerminated{ExitCode: code, Reason: reason, Message: message,
		StartedAt: began, FinishedAt: meta.Now()}}
	s.Ready, s.Started = code == 0, &no
}

func condition(status *core.PodStatus, kind core.PodConditionType, is bool, reason, message string) {
	value := core.ConditionFalse
	if is {
		value, reason, message = core.ConditionTrue, "", ""
	}
	for i := range status.Conditions {
		if c := &status.Conditions[i]; c.Type == kind {
			if c.Status != value {
				c.LastTransitionTime = meta.Now()
			}
			c.Status, c.Reason, c.Message = value, reason, message
			return
		}
	}
	status.Conditions = append(status.Conditions, core.PodCondition{Type: kind, Status: value, Reason: reason, Message: message, LastTransitionTime: meta.Now()})
}

// --- volumes and load balancers

// unbound says why a pod cannot be scheduled yet, and provisions claims that wait for their first consumer.
func (n *node) unbound(ctx context.Context, pod *core.Pod) string {
	for _, volume := range pod.Spec.Volumes {
		name := ""
		if volume.PersistentVolumeClaim != nil {
			name = volume.PersistentVolumeClaim.ClaimName
		} else if volume.Ephemeral != nil {
			name = pod.Name + "-" + volume.Name
		} else {
			continue
		}
		claim, err := n.claims.PersistentVolumeClaims(pod.Namespace).Get(name)
		if err != nil {
			return fmt.Sprintf("persistentvolumeclaim %q not found", name)
		}
		if claim.DeletionTimestamp != nil {
			return fmt.Sprintf("persistentvolumeclaim %q is being deleted", name)
		}
		if claim.Status.Phase != core.ClaimBound {
			if err := n.provision(ctx, claim); err != nil {
				return err.Error()
			}
			return fmt.Sprintf("pod has unbound immediate PersistentVolumeClaims: %s", name)
		}
	}
	return ""
}

func (n *node) syncClaim(ctx context.Context, namespace, name string) error {
	claim, err := n.claims.PersistentVolumeClaims(namespace).Get(name)
	if err != nil || claim.Spec.StorageClassName == nil {
		return err
	}
	if wanted := claim.Spec.Resources.Requests[core.ResourceStorage]; claim.Status.Phase == core.ClaimBound && wanted.Cmp(claim.Status.Capacity[core.ResourceStorage]) > 0 {
		next := claim.DeepCopy()
		next.Status.Capacity = maps.Clone(claim.Spec.Resources.Requests)
		_, err := n.client.CoreV1().PersistentVolumeClaims(namespace).UpdateStatus(ctx, next, meta.UpdateOptions{})
		return err
	}
	class, err := n.classes.Get(*claim.Spec.StorageClassName)
	if err != nil || (class.VolumeBindingMode != nil && *class.VolumeBindingMode == storage.VolumeBindingWaitForFirstConsumer) {
		return err
	}
	return n.provision(ctx, claim)
}

func (n *node) provision(ctx context.Context, claim *core.PersistentVolumeClaim) error {
	if claim.Status.Phase == core.ClaimBound || claim.Spec.VolumeName != "" || claim.DeletionTimestamp != nil || claim.Spec.StorageClassName == nil {
		return nil
	}
	class, err := n.classes.Get(*claim.Spec.StorageClassName)
	if err != nil {
		return fmt.Errorf("storageclass.storage.k8s.io %q not found", *claim.Spec.StorageClassName)
	}
	volume := &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: "pvc-" + string(claim.UID), Annotations: map[string]string{provisionedBy: class.Provisioner}},
		Spec: core.PersistentVolumeSpec{
			Capacity:         maps.Clone(claim.Spec.Resources.Requests),
			AccessModes:      claim.Spec.AccessModes,
			StorageClassName: class.Name,
			MountOptions:     class.MountOptions,
			ClaimRef: &core.ObjectReference{Kind: "PersistentVolumeClaim", APIVersion: "v1", Namespace: claim.Namespace, Name: claim.Name,
				UID: claim.UID, ResourceVersion: claim.ResourceVersion},
			PersistentVolumeSource: core.PersistentVolumeSource{CSI: &core.CSIPersistentVolumeSource{
				Driver: class.Provisioner, VolumeHandle: string(claim.UID), VolumeAttributes: class.Parameters}},
		},
	}
	if class.ReclaimPolicy != nil {
		volume.Spec.PersistentVolumeReclaimPolicy = *class.ReclaimPolicy
	}
	_, err = n.client.CoreV1().PersistentVolumes().Create(ctx, volume, meta.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

func (n *node) syncVolume(ctx context.Context, name string) error {
	volume, err := n.volumes.Get(name)
	if err != nil || volume.Status.Phase != core.VolumeReleased || volume.Annotations[provisionedBy] == "" ||
		volume.Spec.PersistentVolumeReclaimPolicy != core.PersistentVolumeReclaimDelete {
		return err
	}
	return n.client.CoreV1().PersistentVolumes().Delete(ctx, name, meta.DeleteOptions{})
}

func (n *node) syncService(ctx context.Context, namespace, name string) error {
	service, err := n.services.Services(namespace).Get(name)
	if err != nil || service.Spec.Type != core.ServiceTypeLoadBalancer || len(service.Status.LoadBalancer.Ingress) > 0 {
		return err
	}
	next := service.DeepCopy()
	next.Status.LoadBalancer.Ingress = []core.LoadBalancerIngress{{IP: "192.0.2.10"}}
	_, err = n.client.CoreV1().Services(namespace).UpdateStatus(ctx, next, meta.UpdateOptions{})
	return err
}
