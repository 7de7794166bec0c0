// SPDX-License-Identifier: Apache-2.0
// A Leshan bootstrap server for the interoperability tests: it gives each endpoint one server account
// and tells what happens as one JSON object a line; it ends with its standard input.
//   java -cp 'LIB/*' LeshanBootstrap.java PORT SERVER-URI FORMAT [OBJECT TO DELETE ...]   (port 0: any)

import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import org.eclipse.leshan.core.SecurityMode;
import org.eclipse.leshan.core.endpoint.Protocol;
import org.eclipse.leshan.core.request.BindingMode;
import org.eclipse.leshan.core.request.BootstrapDownlinkRequest;
import org.eclipse.leshan.core.request.ContentFormat;
import org.eclipse.leshan.core.response.LwM2mResponse;
import org.eclipse.leshan.server.bootstrap.BootstrapConfig;
import org.eclipse.leshan.server.bootstrap.BootstrapFailureCause;
import org.eclipse.leshan.server.bootstrap.BootstrapSession;
import org.eclipse.leshan.server.bootstrap.BootstrapSessionAdapter;
import org.eclipse.leshan.server.bootstrap.LeshanBootstrapServerBuilder;
import org.eclipse.leshan.server.californium.bootstrap.endpoint.CaliforniumBootstrapServerEndpointsProvider;
import org.eclipse.leshan.server.californium.bootstrap.endpoint.coap.CoapBootstrapServerProtocolProvider;

public class LeshanBootstrap {
    static final ObjectMapper JSON = new ObjectMapper();

    static synchronized void say(String event, Object... pairs) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("event", event);
        for (int i = 0; i + 1 < pairs.length; i += 2) line.put((String) pairs[i], pairs[i + 1]);
        try {
            System.out.println(JSON.writeValueAsString(line));
            System.out.flush();
        } catch (Exception failure) {
            throw new IllegalStateException(failure);
        }
    }

    static BootstrapConfig config(String uri, int format, String[] toDelete) {
        var config = new BootstrapConfig();
        config.contentFormat = ContentFormat.fromCode(format);
        config.toDelete = Arrays.asList(toDelete);
        var security = new BootstrapConfig.ServerSecurity();
        security.uri = uri;
        security.serverId = 123;
        security.securityMode = SecurityMode.NO_SEC;
        config.security.put(1, security);
        var server = new BootstrapConfig.ServerConfig();
        server.shortId = 123;
        server.lifetime = 300;
        server.defaultMinPeriod = 1;
        server.binding = EnumSet.of(BindingMode.U);
        config.servers.put(0, server);
        return config;
    }

    public static void main(String[] arguments) throws Exception {
        var endpoints = new CaliforniumBootstrapServerEndpointsProvider.Builder(new CoapBootstrapServerProtocolProvider());
        endpoints.addEndpoint(new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0])), Protocol.COAP);
        var builder = new LeshanBootstrapServerBuilder();
        builder.setEndpointsProviders(endpoints.build());
        var config = config(arguments[1], Integer.parseInt(arguments[2]),
                            Arrays.copyOfRange(arguments, 3, arguments.length));
        builder.setConfigStore(session -> config);
        var server = builder.build();
        server.addListener(new BootstrapSessionAdapter() {
            @Override
            public void authorized(BootstrapSession session) {
                var format = session.getBootstrapRequest().getPreferredContentFormat();
                say("requested", "endpoint", session.getEndpoint(), "pct", format == null ? -1 : format.getCode());
            }

            @Override
            public void onResponseSuccess(BootstrapSession session, BootstrapDownlinkRequest<? extends LwM2mResponse> request,
                                          LwM2mResponse response) {
                say("done", "request", request.getClass().getSimpleName(), "code", response.getCode().toString());
            }

            @Override
            public void onResponseError(BootstrapSession session, BootstrapDownlinkRequest<? extends LwM2mResponse> request,
                                        LwM2mResponse response) {
                say("refused", "request", String.valueOf(request), "code", response.getCode().toString());
            }

            @Override
            public void end(BootstrapSession session) {
                say("ended", "endpoint", session.getEndpoint());
            }

            @Override
            public void failed(BootstrapSession session, BootstrapFailureCause cause) {
                say("failed", "endpoint", session.getEndpoint(), "cause", String.valueOf(cause));
            }
        });
        server.start();
        say("started", "port", server.getEndpoint(Protocol.COAP).getURI().getPort());
        while (System.in.read() >= 0) {
        }
        server.destroy();
        System.exit(0);
    }
}
